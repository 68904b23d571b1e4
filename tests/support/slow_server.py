"""A TCP server that replies as slowly as a test says: a real peer that keeps its client waiting."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class SlowServer:
    """Its port, a semaphore released for each connection, and what ends all of them."""

    port: int
    connected: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    ended: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"

    def drip(self, connection: socket.socket, content: bytes) -> None:
        """Send the content again and again, with short pauses."""
        while not self.ended.wait(0.02):
            connection.sendall(content)


def silence(server: SlowServer, _: socket.socket) -> None:
    """Send nothing."""
    server.ended.wait()


@contextmanager
def running(respond: Callable[[SlowServer, socket.socket], None] = silence) -> Iterator[SlowServer]:
    """Let `respond` reply to every connection until the end of the block."""
    # Every address of this machine: 127.1 and 127.2 are two hosts.
    with socket.create_server(("", 0)) as listening:
        server = SlowServer(int(listening.getsockname()[1]))

        def reply(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                respond(server, connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    server.connections += 1
                    server.connected.release()
                    threading.Thread(target=reply, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield server
        finally:
            server.ended.set()
            listening.shutdown(socket.SHUT_RDWR)

"""A TCP proxy to the database that can be closed, or drop its connections as a failover does."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread

_BUFFER_SIZE = 65_536
#: Socket option with which closing resets a connection.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Listens on 127.0.0.1 and forwards to a Unix socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._dropped: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """Drop the connections that are open now: each is reset when its client next sends something."""
        with self._lock:
            self._dropped |= self._open

    def close(self) -> None:
        """Accept no more connections, and reset the open ones."""
        # A thread that waits in `accept` would keep the port open.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            clients = list(self._open)
        for client in clients:
            _reset(client)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._target))
            with self._lock:
                self._open.add(client)
            Thread(target=self._forward_request, args=(client, server), daemon=True).start()
            Thread(target=self._forward_response, args=(server, client), daemon=True).start()

    def _forward_request(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(_BUFFER_SIZE):
                with self._lock:
                    is_dropped = client in self._dropped
                if is_dropped:
                    break
                server.sendall(data)
        with self._lock:
            self._open.discard(client)
        _reset(client)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _forward_response(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(_BUFFER_SIZE):
                client.sendall(data)
        server.close()
        _reset(client)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def proxy_of(target: Path) -> Iterator[TcpProxy]:
    """Yield a proxy in front of the Unix socket `target`."""
    proxy = TcpProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()

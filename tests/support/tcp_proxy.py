"""A way to the database that can be closed, or forget the connections that it carries, as a failover does."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock, Thread

_PIECE = 65_536
#: Closed so, a connection is reset instead of ended.
_AT_ONCE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Listens on 127.0.0.1 and speaks to a Unix socket."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._lock = Lock()
        self._carried: set[socket.socket] = set()
        self._forgotten: set[socket.socket] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def forget(self) -> None:
        """From now on whoever speaks over a connection that is open now is cut off; nobody is told before."""
        with self._lock:
            self._forgotten |= self._carried

    def close(self) -> None:
        """Let nobody through any more, and end what is open."""
        # Whoever waits in `accept` would keep the port open.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            carried = list(self._carried)
        for client in carried:
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
                self._carried.add(client)
            Thread(target=self._carry, args=(client, server), daemon=True).start()
            Thread(target=self._carry_back, args=(server, client), daemon=True).start()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while piece := client.recv(_PIECE):
                with self._lock:
                    is_forgotten = client in self._forgotten
                if is_forgotten:
                    break
                server.sendall(piece)
        with self._lock:
            self._carried.discard(client)
        _reset(client)
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _carry_back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while piece := server.recv(_PIECE):
                client.sendall(piece)
        server.close()
        _reset(client)


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


@contextmanager
def proxy_of(target: Path) -> Iterator[TcpProxy]:
    """A proxy in front of the Unix socket `target`."""
    proxy = TcpProxy(target)
    try:
        yield proxy
    finally:
        proxy.close()

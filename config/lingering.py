"""Connections that were replied to for the last time, and that their clients have not closed yet."""

import selectors
import socket
import time
from functools import partial
from typing import Protocol

from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

_CHUNK = 64 * 1024
#: Seconds that a connection stays open after the last reply, so that the client can read it; and the bytes that are
#: read meanwhile, because a connection with unread bytes is reset.
_LINGER, _LINGER_BYTES = 2.0, 64 * 1024


class Worker(Protocol):
    """The worker process, as far as its last replies need it."""

    poller: selectors.BaseSelector

    def end_connection(self, conn: TConn) -> None:
        """Close a connection."""


class Lingering:
    """Closes each connection when its client has, or soon. Gunicorn would block the main loop meanwhile."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        #: Until when each stays open, and what was read since.
        self._conns: dict[TConn, list[float]] = {}

    def add(self, conn: TConn) -> None:
        """Send nothing more, and wait for the client."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._worker.end_connection(conn)
            return
        self._conns[conn] = [time.monotonic() + _LINGER, 0]
        self._worker.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        self._drain(conn, conn.sock)

    def end_overdue(self, now: float) -> None:
        """Close the connections whose clients have had time enough."""
        for conn in [conn for conn, (until, _) in self._conns.items() if until <= now]:
            self._end(conn)

    def _drain(self, conn: TConn, _socket: object) -> None:
        try:
            data = conn.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        waits = self._conns[conn]
        waits[1] += len(data)
        if not data or waits[1] > _LINGER_BYTES:
            self._end(conn)

    def _end(self, conn: TConn) -> None:
        del self._conns[conn]
        self._worker.poller.unregister(conn.sock)
        self._worker.end_connection(conn)

"""Reads the rest of a request from its socket, for Gunicorn's parser."""

import socket
import time

from gunicorn.http.unreader import SocketUnreader  # type: ignore[import-untyped]


class TimedUnreader(SocketUnreader):  # type: ignore[misc]
    """Reads the rest of a streamed body from the socket, until a deadline; then it raises `TimeoutError`."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        #: `None`: the request is whole. A parser that wants more found another end of it, and gets the end of the
        #: connection instead of waiting in a thread.
        self.deadline: float | None = None

    def chunk(self, size_hint: int | None = None) -> bytes:
        if self.deadline is None:
            return b""
        before = self.sock.gettimeout()
        self.sock.settimeout(max(0.001, self.deadline - time.monotonic()))
        try:
            return bytes(super().chunk(size_hint))
        finally:
            self.sock.settimeout(before)

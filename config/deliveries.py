"""Gives deliveries to the application from the web server's main loop, and sends the replies once they are stored.

No thread waits for the database meanwhile. The application's door (`extensions["lumira.delivery_door"]`) accepts a
delivery or declines it at once, without waiting for anything. A thread gets what is declined, as any other request; it
also gets a delivery that was accepted and then could not be stored with the others.
"""

import selectors
from collections.abc import Callable, Sequence
from typing import Protocol

from gunicorn import SERVER  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http.message import HeaderPolicy  # type: ignore[import-untyped]
from gunicorn.util import http_date  # type: ignore[import-untyped]
from gunicorn.workers.gthread import PollableMethodQueue, TConn  # type: ignore[import-untyped]

from config import regular_request
from config.received_request import ReceivedRequest

#: Bytes of a request that is accepted here, more than an event of Stripe has: parsing more would hold up the loop.
_LARGEST = 128 * 1024

#: A request that waits for its reply.
_Waiting = tuple[TConn, ReceivedRequest]
#: The headers and the body of a 200, or `None` for a delivery that a thread has to handle.
Reply = tuple[Sequence[tuple[str, str]], bytes] | None


class Door(Protocol):
    """What accepts deliveries."""

    def accept(self, environ: dict[str, str], body: bytes, token: object) -> bool:
        """Accept a delivery, to which the reply has this token; `False` declines it."""

    def open(self, loop: "Deliveries") -> None:
        """Accept deliveries from now on."""

    def advance(self) -> None:
        """Store what was accepted; called after each look at the sockets."""

    def pause(self) -> float | None:
        """Return after how many seconds `advance` has to be called, whatever happens; `None`: never."""


class Worker(Protocol):
    """The worker process, as far as deliveries need it."""

    alive: bool
    log: Logger
    method_queue: PollableMethodQueue
    poller: selectors.BaseSelector

    def keeps_another_connection(self) -> bool:
        """Return whether the connection of one more request may be kept alive."""

    def start_in_thread(self, conn: TConn, request: ReceivedRequest) -> None:
        """Let a thread handle a request."""

    def keep(self, conn: TConn) -> None:
        """Wait for the next request of a connection."""

    def close_when_read(self, conn: TConn) -> None:
        """Close a connection once its client has read the reply."""

    def end_connection(self, conn: TConn) -> None:
        """Close a connection to which nothing more is sent."""


class Deliveries:
    """The deliveries of one worker process."""

    def __init__(self, worker: Worker, door: Door) -> None:
        self._worker = worker
        self._door = door
        door.open(self)
        self.advance = door.advance

    def pause(self, longest: float) -> float:
        """Return for how many seconds the loop may wait, at most `longest`."""
        pause = self._door.pause()
        return longest if pause is None else min(longest, pause)

    def watch(self, fd: int, ready: Callable[[], None], *, writing: bool = False) -> None:
        """Call `ready` whenever there is something to read, or also when something can be written."""
        poller, wanted = self._worker.poller, selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        change = poller.modify if fd in poller.get_map() else poller.register
        change(fd, wanted, lambda _: ready())

    def unwatch(self, fd: int) -> None:
        """Watch it no longer."""
        self._worker.poller.unregister(fd)

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the main loop; from any thread."""
        self._worker.method_queue.defer(function)

    def take(self, conn: TConn, request: ReceivedRequest) -> bool:
        """Give a request to the door; `False` if it is not a delivery that the door accepts."""
        worker = self._worker
        if (
            not request.data.startswith(b"POST ")
            or len(request.data) > _LARGEST
            or not worker.alive
            or not worker.keeps_another_connection()
        ):
            return False
        if not hasattr(conn, "scheme_headers"):
            conn.scheme_headers = _trusted_scheme_headers(conn)
            conn.client_address = conn.client[0] if isinstance(conn.client, tuple) else str(conn.client)
        read = regular_request.read(
            request.data, client=conn.client_address, scheme_headers=conn.scheme_headers
        )
        return read is not None and self._door.accept(*read, (conn, request))

    def send(self, replies: Sequence[tuple[_Waiting, Reply]]) -> None:
        """Send the reply to each of these deliveries."""
        date = http_date()
        for (conn, request), reply in replies:
            try:
                if reply is None:
                    self._worker.start_in_thread(conn, request)
                else:
                    self._reply(conn, *reply, date=date)
            except Exception:
                # One connection must not take the replies of all others with it.
                self._worker.log.exception("A delivery got no reply.")
                self._worker.end_connection(conn)

    def _reply(self, conn: TConn, headers: Sequence[tuple[str, str]], body: bytes, *, date: str) -> None:
        is_kept = self._worker.alive
        connection = "keep-alive" if is_kept else "close"
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        head = (
            f"HTTP/1.1 200 OK\r\nServer: {SERVER}\r\nDate: {date}\r\nConnection: {connection}\r\n{lines}\r\n"
        )
        content = head.encode("latin-1") + body
        try:
            # The client has read everything before, so that the reply fits into the socket's buffer.
            is_sent = conn.sock.send(content) == len(content)
        except OSError:
            is_sent = False
        if not is_sent:
            self._worker.end_connection(conn)
        elif is_kept:
            self._worker.keep(conn)
        else:
            self._worker.close_when_read(conn)


def _trusted_scheme_headers(conn: TConn) -> dict[str, str]:
    policy = HeaderPolicy()
    policy.cfg, policy.peer_addr = conn.cfg, conn.client
    headers: dict[str, str] = policy._peer_trusted_for_forwarded()[0]  # noqa: SLF001 - as Gunicorn's parser asks it
    return headers

"""Gunicorn's threaded worker, with one difference: a thread gets a request when it has arrived, not while it arrives.

Gunicorn gives a connection to a thread at once, and the thread waits for the headers and the body. As many slow clients
as there are threads would stop a process. Here the main loop receives requests, of any number of clients at once, and
closes a connection whose request takes too long. Only bodies that are too large for memory, those of file uploads, are
received by a thread, and only few threads receive one at once. Deliveries from Stripe take no thread at all
(`config/deliveries.py`).
"""

import os
import selectors
import socket
import sys
import time
from collections import OrderedDict, deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker  # type: ignore[import-untyped]

from config.deliveries import Deliveries
from config.error_replies import error_reply, status_of
from config.kept_connections import KeptConnections
from config.lingering import Lingering
from config.received_request import LARGEST_IN_MEMORY, ReceivedRequest
from config.timed_unreader import TimedUnreader

_CHUNK = 64 * 1024
#: Bytes of all requests that are being received, in one process. With more, the requests that grow are refused.
_LARGEST_TOTAL = 64 * LARGEST_IN_MEMORY


class ReceivingWorker(ThreadWorker):  # type: ignore[misc]
    """The worker class of `config/gunicorn.py`."""

    #: Seconds within which a request arrives, headers and body; a file upload gets more by its length.
    receive_within = 20.0
    #: Seconds within which a client reads each part of a reply (64 KiB at most).
    send_within = 60.0
    #: Bytes per second: what the slowest upload that is accepted sends.
    slowest_upload = 64 * 1024

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        #: Each connection whose request is being received, in the order of their beginnings.
        self._receiving: OrderedDict[TConn, ReceivedRequest] = OrderedDict()
        self.keepalived_conns = KeptConnections()
        self._has_tls, self._keeps_alive = bool(self.cfg.is_ssl), bool(self.cfg.keepalive)
        self._received_bytes = 0
        self._lingering = Lingering(self)
        #: `None`: the application has no door for deliveries.
        self._deliveries: Deliveries | None = None
        self._uploads = 0
        self._most_uploads = max(1, self.cfg.threads // 4)
        self._waiting_uploads: deque[tuple[TConn, ReceivedRequest]] = deque()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or pause; a process that stops takes those that have arrived, and listens no longer.

        Gunicorn keeps its listening sockets until the last reply is sent. The system would go on to establish
        connections that no one accepts and that are reset at the end, so that no proxy could use another server.
        """
        super().set_accept_enabled(enabled)
        if not self.alive and not enabled:
            listeners: list[Any] = self.sockets
            while listeners:
                listener = listeners.pop()
                self._accept_arrived(listener)
                listener.close()

    def accept(self, listener: Any) -> None:
        """Accept a connection, and let another process accept the next one: this one would accept nearly all."""
        super().accept(listener)
        os.sched_yield()

    def _accept_arrived(self, listener: Any) -> None:
        with selectors.PollSelector() as poller:
            poller.register(listener, selectors.EVENT_READ)
            # No more than can wait: the others belong to the process that listens next.
            for _ in range(self.cfg.backlog):
                if not poller.select(0):
                    return
                self.accept(listener)

    def enqueue_req(self, conn: TConn) -> None:
        """Begin to receive a request: of a new connection, of one that was kept alive, or one that was sent ahead."""
        if self._has_tls:
            # TLS is terminated by the proxy; if it is not, Gunicorn's own way works.
            super().enqueue_req(conn)
            return
        if not conn.initialized:
            conn.init()
            conn.data_ready = True
            conn.parser.unreader = TimedUnreader(conn.sock)
            conn.is_polled = False
        if not conn.is_polled:
            conn.sock.setblocking(False)
        request = ReceivedRequest(time.monotonic(), conn.parser.unreader.take_buffered())
        self._receiving[conn] = request
        self._received_bytes += len(request.data)
        if request.is_ready:
            self._hand_over(conn, request)
        else:
            self._receive(conn, conn.sock)
        # Most requests have arrived whole.
        if conn in self._receiving:
            self._poll(conn)

    def _poll(self, conn: TConn) -> None:
        if not conn.is_polled:
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_readable, conn))
            conn.is_polled = True

    def _stop_polling(self, conn: TConn) -> None:
        if getattr(conn, "is_polled", False):
            self.poller.unregister(conn.sock)
            conn.is_polled = False

    def _on_readable(self, conn: TConn, sock: object) -> None:
        if conn in self._receiving:
            self._receive(conn, sock)
        elif conn in self.keepalived_conns:
            self.keepalived_conns.remove(conn)
            self.enqueue_req(conn)
        else:
            # Sent ahead, or the client has left: that is seen after the reply.
            self._stop_polling(conn)

    def keep(self, conn: TConn) -> None:
        """Wait for the next request of a connection that the main loop has replied to."""
        conn.set_timeout()
        self.keepalived_conns.append(conn)
        self._poll(conn)

    def _receive(self, conn: TConn, _socket: object) -> None:
        """Read what has arrived, and give the request to a thread once it is whole."""
        request = self._receiving[conn]
        try:
            data = conn.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(conn)
            return
        self._received_bytes += len(data)
        request.add(data)
        if request.is_ready:
            self._hand_over(conn, request)
        elif request.has_too_long_headers:
            self._refuse(conn, 431)
        elif self._received_bytes > _LARGEST_TOTAL and len(request.data) > _CHUNK:
            self._refuse(conn, 503)

    def _hand_over(self, conn: TConn, request: ReceivedRequest) -> None:
        self._forget(conn)
        if not request.is_streamed and self._deliveries is not None and self._deliveries.take(conn, request):
            return
        if request.is_streamed and self._uploads >= self._most_uploads:
            self._stop_polling(conn)
            self._waiting_uploads.append((conn, request))
            return
        self.start_in_thread(conn, request)

    def start_in_thread(self, conn: TConn, request: ReceivedRequest) -> None:
        """Let a thread handle a request."""
        self._stop_polling(conn)
        unreader = conn.parser.unreader
        unreader.unread(bytes(request.data))
        unreader.deadline = None
        if request.is_streamed:
            unreader.deadline = time.monotonic() + self.receive_within + request.missing / self.slowest_upload
        conn.is_streamed = request.is_streamed
        self._uploads += request.is_streamed
        super().enqueue_req(conn)

    def run(self) -> None:
        """Serve requests until the process stops."""
        door = getattr(self.wsgi, "extensions", {}).get("lumira.delivery_door")
        if door is not None:
            self._deliveries = Deliveries(self, door)
        super().run()

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what has happened on the sockets, and then what deliveries brought together."""
        deliveries = self._deliveries
        super().wait_for_and_dispatch_events(timeout if deliveries is None else deliveries.pause(timeout))
        if deliveries is not None:
            deliveries.advance()

    def keeps_another_connection(self) -> bool:
        """Return whether the connection of one more request may be kept alive."""
        return (
            self._keeps_alive
            and len(self.keepalived_conns) < self.max_keepalived
            # Gunicorn counts the requests after which a process ends.
            and self.max_requests >= sys.maxsize
        )

    def _forget(self, conn: TConn) -> None:
        request = self._receiving.pop(conn)
        self._received_bytes -= len(request.data)

    def _drop(self, conn: TConn) -> None:
        self._forget(conn)
        self.end_connection(conn)

    def end_connection(self, conn: TConn) -> None:
        """Close a connection to which nothing more is sent."""
        self._stop_polling(conn)
        self.nr_conns -= 1
        conn.close()

    def _refuse(self, conn: TConn, status: int) -> None:
        """Reply with an error to a request that was not received, and close the connection."""
        self._forget(conn)
        self._reply(conn, status)

    def _reply(self, conn: TConn, status: int) -> None:
        with suppress(OSError):
            conn.sock.send(error_reply(status).content)
        self.close_when_read(conn)

    def handle_request(self, req: Any, conn: TConn) -> bool:
        """Run one request in a thread; the client has a limited time to read the reply."""
        conn.sock.settimeout(self.send_within)
        if getattr(conn, "is_streamed", False):
            # The rest of a body that was not read would be received by this thread, to find the next request.
            req.force_close()
        try:
            return bool(super().handle_request(req, conn))
        except TimeoutError:
            self.log.info("A client stopped reading its reply.")
            return False

    def handle_error(self, _req: Any, client: socket.socket, _addr: object, exc: Exception) -> None:
        """Reply to a request that could not be parsed. The log gets no part of it: a URL may grant access."""
        status = status_of(exc)
        reply = error_reply(status)
        if status == HTTPStatus.INTERNAL_SERVER_ERROR:
            self.log.error("A request failed before its reply: %s.", reply.request_id, exc_info=exc)
        else:
            self.log.warning(
                "A request was refused: %d, %s, request %s.", status, type(exc).__name__, reply.request_id
            )
        with suppress(OSError):
            client.sendall(reply.content)

    def finish_request(self, conn: TConn, fs: "Future[Any]") -> None:
        """Keep the connection for the next request, or close it once the client has read the reply."""
        if getattr(conn, "is_streamed", False):
            conn.is_streamed = False
            self._uploads -= 1
            if self._waiting_uploads:
                self.start_in_thread(*self._waiting_uploads.popleft())
        if fs.cancelled() or fs.exception() is not None or fs.result():
            super().finish_request(conn, fs)
        else:
            self.close_when_read(conn)

    def close_when_read(self, conn: TConn) -> None:
        """Close a connection once its client has read the reply."""
        self._stop_polling(conn)
        self._lingering.add(conn)

    def murder_pending(self) -> None:
        """Close the connections whose time is over; called every second at least."""
        now = time.monotonic()
        self._lingering.end_overdue(now)
        for conn, request in list(islice(self._receiving.items(), self._number_overdue(now))):
            if not request.data:
                self._drop(conn)
            elif now - request.began_at > self.receive_within:
                self._refuse(conn, 408)
        while self._waiting_uploads and now - self._waiting_uploads[0][1].began_at > self.receive_within:
            self._reply(self._waiting_uploads.popleft()[0], 503)

    def _number_overdue(self, now: float) -> int:
        """Return how many of the first connections may be: of those after them, no request began early enough."""
        # Without any byte of a request, a connection does not stay open as long while the process stops.
        patience = self.receive_within if self.alive else float(STOP_KEEPALIVE_LINGER)
        number = 0
        for request in self._receiving.values():
            if now - request.began_at <= patience:
                break
            number += 1
        return number

"""SMTP connections that are kept for the next message, and closed when none follows."""

import contextlib
import smtplib
import time
from threading import Lock, Timer

#: Seconds without a message after which a connection is closed: sooner than servers close it.
IDLE_TIMEOUT = 10.0
#: Messages over one connection: servers refuse more than they allow.
MESSAGES_PER_CONNECTION = 100
#: Connections that are kept: one for each thread that sends.
MOST_KEPT = 16
#: Seconds for the server's reply to the end of a connection.
_QUIT_TIMEOUT = 2.0


class KeptConnections:
    """Open connections by server; each is used by one thread at a time."""

    def __init__(self) -> None:
        self._lock = Lock()
        #: The server, the connection, its number of messages, and when it was used.
        self._kept: list[tuple[object, smtplib.SMTP, int, float]] = []
        self._closing = False

    def take(self, server: object) -> tuple[smtplib.SMTP, int] | None:
        """Return the connection to this server that was used last, with its number of messages, if there is one."""
        with self._lock:
            for index in reversed(range(len(self._kept))):
                if self._kept[index][0] == server:
                    _, connection, messages, _ = self._kept.pop(index)
                    return connection, messages
        return None

    def keep(self, server: object, connection: smtplib.SMTP, *, messages: int) -> None:
        """Keep a connection after a message, or close it if it was used often enough."""
        with self._lock:
            if messages < MESSAGES_PER_CONNECTION and len(self._kept) < MOST_KEPT:
                self._close_later()
                self._kept.append((server, connection, messages, time.monotonic()))
                return
        _quit(connection)

    def close(self) -> None:
        """Close every connection that is kept."""
        with self._lock:
            kept, self._kept = self._kept, []
        for _, connection, _, _ in kept:
            _quit(connection)

    def _close_later(self) -> None:
        if not self._closing:
            timer = Timer(IDLE_TIMEOUT, self._close_idle)
            timer.daemon = True
            timer.start()
            self._closing = True

    def _close_idle(self) -> None:
        now = time.monotonic()
        with self._lock:
            idle = [entry for entry in self._kept if now - entry[3] >= IDLE_TIMEOUT]
            self._kept = [entry for entry in self._kept if now - entry[3] < IDLE_TIMEOUT]
            self._closing = False
            if self._kept:
                self._close_later()
        for _, connection, _, _ in idle:
            _quit(connection)


def _quit(connection: smtplib.SMTP) -> None:
    # Every message is accepted already: an error changes nothing.
    with contextlib.suppress(OSError):
        if connection.sock is not None:
            connection.sock.settimeout(_QUIT_TIMEOUT)
            connection.quit()
    connection.close()

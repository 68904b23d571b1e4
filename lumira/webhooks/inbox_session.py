"""Sessions of the database that store events of several deliveries, and make their caller wait for nothing.

The web server's main loop sends a statement, and asks for its result when the socket has something to read. libpq is
called directly: the driver's cursors would wait.
"""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import ClientCursor
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus

from lumira import database_failures
from lumira.single_statements import local_settings, open_inbox_connection
from lumira.webhooks import event_rows
from lumira.webhooks.event_rows import EventRow

_NAME = b"lumira_receive_events"


class InboxSession:
    """One session, which runs one statement at a time. Only one thread uses it."""

    def __init__(self, driver: "psycopg.Connection[Any]", settings: str) -> None:
        """Raises an error of the driver if the statement cannot be prepared."""
        self._driver = driver
        self._libpq = driver.pgconn
        #: What begins each transaction behind a pooler; there, no statement stays prepared.
        self._settings = settings
        self._results: list[Any] = []
        self._order: Sequence[int] = ()
        if not settings:
            prepared = self._libpq.prepare(_NAME, event_rows.receive_together().encode())
            if prepared.status != ExecStatus.COMMAND_OK:
                raise error_from_result(prepared, encoding=driver.info.encoding)
        self._libpq.nonblocking = 1
        self._socket = int(self._libpq.socket)

    def fileno(self) -> int:
        """Return the socket; it is readable when a result, or the end of the session, has arrived."""
        return self._socket

    def send(self, rows: Sequence[EventRow]) -> bool:
        """Begin to store events, in one transaction; returns whether a part could not be sent yet.

        Raises an error of the driver if the session has ended.
        """
        self._order, sent = event_rows.in_order_of_locks(rows)
        parameters = event_rows.as_parameters(sent)
        if self._settings:
            # Several statements in one message cannot have parameters, so the driver writes the values into them.
            text = ClientCursor(self._driver).mogrify(event_rows.RECEIVE_TOGETHER, parameters)
            self._libpq.send_query(f"{self._settings} {text}".encode())
        else:
            transformer = Transformer(self._driver)
            values = transformer.dump_sequence(list(parameters.values()), [PyFormat.TEXT, PyFormat.BINARY])
            self._libpq.send_query_prepared(_NAME, values, transformer.formats)
        return bool(self._libpq.flush())

    def flush(self) -> bool:
        """Send what could not be sent; returns whether a part still could not."""
        return bool(self._libpq.flush())

    def receive(self) -> list[bool] | None:
        """Read what has arrived; returns which of the events were new, or `None` before their transaction has ended.

        Raises an error of the driver if nothing was stored, or if the session has ended: then perhaps all were.
        """
        libpq = self._libpq
        libpq.consume_input()
        while not libpq.is_busy():
            result = libpq.get_result()
            if result is not None:
                self._results.append(result)
                continue
            results, self._results = self._results, []
            return self._are_new(results) if results else None
        return None

    def _are_new(self, results: Sequence[Any]) -> list[bool]:
        for result in results:
            if result.status != ExecStatus.TUPLES_OK:
                raise error_from_result(result, encoding=self._driver.info.encoding)
        text = results[-1].get_value(0, 0)
        by_position = dict(zip(self._order, [flag == b"t" for flag in text[1:-1].split(b",")], strict=True))
        return [by_position[n] for n in range(len(by_position))]

    def is_usable_after(self, error: psycopg.Error | None) -> bool:
        """Return whether the session can run another statement."""
        return (
            self._libpq.status == ConnStatus.OK
            and self._libpq.transaction_status == TransactionStatus.IDLE
            and not database_failures.makes_unusable(error)
        )

    def close(self) -> None:
        """End the session."""
        self._driver.close()


def open_session() -> InboxSession:
    """Open a session; waits for the database, and needs an application context.

    Raises an error of SQLAlchemy or of the driver.
    """
    driver = open_inbox_connection()
    try:
        return InboxSession(driver, local_settings())
    except BaseException:
        driver.close()
        raise

"""What is sent to the application's database, for tests that count statements."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from lumira import transactions
from lumira.database import db
from lumira.services.catalog import catalog_state
from lumira.webhooks import event_rows
from lumira.webhooks.inbox_session import InboxSession
from tests.support import driver

#: That a transaction begins and ends, and whose it is: it travels with what the transaction does.
_BOUNDARY = re.compile(r"BEGIN|COMMIT|SELECT (lumira_set_tenant|set_config)\(")


class Statements:
    """What was sent to the application's database since the last look."""

    def __init__(self) -> None:
        self._sent: list[str] = []

    def note(self, engine: str, statement: str) -> None:
        self._sent.append(f"{engine}: {' '.join(statement.split())[:90]}")

    def made_by(self, action: Callable[[], object]) -> list[str]:
        """The engine and the beginning of each statement that `action` sends."""
        self._sent.clear()
        action()
        return list(self._sent)


@contextmanager
def noted_statements() -> Iterator[Statements]:
    """Note every statement until the end of the block; in an application context."""
    noted = Statements()
    read_alone = catalog_state.read_alone
    send = transactions.send
    send_events = InboxSession.send

    def read_noted(statement: str) -> list[bytes | None]:
        # It uses no cursor of the driver that could be watched.
        noted.note("inbox", statement)
        return read_alone(statement)

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        noted.note("main", statement)

    def send_noted(driver: Any, known: Any, queries: Any) -> Any:
        # One message, whatever the number of its statements, as several rows of one statement are.
        texts = [query.statement.text for query in queries if not _BOUNDARY.match(query.statement.text)]
        if texts:
            noted.note("main", "; ".join(texts))
        return send(driver, known, queries)

    def send_events_noted(session: InboxSession, rows: Any) -> bool:
        noted.note("inbox", event_rows.RECEIVE_TOGETHER)
        return send_events(session, rows)

    event.listen(db.engine, "before_cursor_execute", note)
    stop = driver.watch(db.engines["inbox"], lambda statement: noted.note("inbox", statement))
    with (
        patch.object(catalog_state, "read_alone", read_noted),
        patch.object(transactions, "send", send_noted),
        patch.object(InboxSession, "send", send_events_noted),
    ):
        yield noted
    stop()
    event.remove(db.engine, "before_cursor_execute", note)

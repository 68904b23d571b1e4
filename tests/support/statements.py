"""What is sent to the application's database, for tests that count statements."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from lumira.database import db
from tests.support import driver


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

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        noted.note("main", statement)

    event.listen(db.engine, "before_cursor_execute", note)
    stop = driver.watch(db.engines["inbox"], lambda statement: noted.note("inbox", statement))
    yield noted
    stop()
    event.remove(db.engine, "before_cursor_execute", note)

"""Watching the statements of the database driver: the inbox uses it directly, without SQLAlchemy's events."""

from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import event
from sqlalchemy.engine import Engine

Observer = Callable[[str], object]


def watch(engine: Engine, before: Observer, after: Observer = str) -> Callable[[], None]:
    """Call `before` and `after` with each statement of the engine's connections; returns a function that stops it."""

    class Watching(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> "Watching":
            before(query)
            super().execute(query, params, **options)
            after(query)
            return self

    def begin(connection: psycopg.Connection[Any], *_: object) -> None:
        connection.cursor_factory = Watching

    def end(connection: psycopg.Connection[Any] | None, *_: object) -> None:
        if connection is not None:
            connection.cursor_factory = psycopg.Cursor

    def stop() -> None:
        event.remove(engine, "checkout", begin)
        event.remove(engine, "checkin", end)

    event.listen(engine, "checkout", begin)
    event.listen(engine, "checkin", end)
    return stop

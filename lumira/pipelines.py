"""SQLAlchemy's statements, compiled once and sent several in one message (see `prepared_statements`)."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Delete, Insert, Select, Update

from lumira.database import db, running
from lumira.prepared_statements import Prepared, Query, Row, from_text
from lumira.transactions import Deferred

#: Statements that a process keeps; there is one for each shape of a row.
_KEPT = 512

Statement = Insert | Update | Delete | Select[Any]


@lru_cache(maxsize=_KEPT)
def prepared(statement: Statement) -> Prepared:
    """Compile a statement once, because that takes longer than sending it.

    Defaults of columns are not added: the statement names each column that it sets.
    """
    dialect = db.engine.dialect
    compiled = statement.compile(dialect=dialect)
    conversions = {}
    for name, bound in compiled.binds.items():
        convert = bound.type.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            conversions[name] = convert
    given = {name: bound.value for name, bound in compiled.binds.items() if not bound.required}
    return from_text(str(compiled), given, conversions)


def run_together(queries: Sequence[Query]) -> list[Row | None]:
    """Run statements in the running transaction, in this order, sent in one message.

    Returns the first row of each; `None` if there is none. If one fails, those after it do not run. Errors are raised
    as SQLAlchemy's own.
    """
    return running().send(queries)


def run_later(query: Query, take: Callable[[Row | None], None], *, check: Query | None = None) -> None:
    """Run a statement before the next one of the running transaction, or before its end, in the same message.

    `take` is called with its first row. An error of the statement is raised there, by the next one or by the commit.
    A `take` that may raise needs a `check`, a statement that fails then: otherwise it raises after the commit.
    """
    running().defer(Deferred(query, take, check))

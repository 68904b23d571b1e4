"""All rows of a tenant or an operator, read and written as PostgreSQL writes their values, for moving them.

The statements are the driver's own: they are about tables that no model names, and stream any number of rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import sql

from lumira.database import db
from lumira.database_failures import constraint_named_by
from lumira.repositories.tenant_tables import Parent, TenantTable

Row = tuple[str | None, ...]

_NOTHING = sql.SQL("")
#: Rows that are sent at a time.
_ROWS = 500
#: A customer that was merged into one that was merged, and so on.
_DEEPEST = 50


class TooDeep(RuntimeError):
    """Rows of a table refer to each other in a circle, or over more steps than any sale has."""


class RowRefused(Exception):
    """The database refused rows; `constraint` is the one that they break. The message contains no value."""

    def __init__(self, table: str, error: psycopg.Error) -> None:
        self.table = table
        self.constraint = constraint_named_by(error)
        super().__init__(f"{table}: {error.diag.message_primary or type(error).__name__}")


def _driver() -> "psycopg.Connection[Any]":
    return cast("psycopg.Connection[Any]", db.session.connection().connection.driver_connection)


def allow_long_statements() -> None:
    """Let the statements of this transaction take as long as they need: no request waits for them."""
    _driver().execute("SET LOCAL statement_timeout = 0")


def count(table: TenantTable, owner: int | UUID) -> int:
    """Return how many rows of the table the tenant or operator has."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = {}").format(
        sql.Identifier(table.name), sql.Identifier(table.key), sql.Literal(str(owner))
    )
    row = _driver().execute(query).fetchone()
    return int(row[0]) if row else 0


def read(table: TenantTable, owner: int | UUID) -> Iterator[Row]:
    """Yield the rows of the tenant or operator, each after the row of the same table that it refers to."""
    if table.parent is None:
        yield from _copy(_select(table, owner))
        return
    left = count(table, owner)
    for depth in range(_DEEPEST):
        if left == 0:
            return
        for row in _copy(_select_at_depth(table, table.parent, owner, depth)):
            left -= 1
            yield row
    raise TooDeep(table.name)


def _copy(query: sql.Composed) -> Iterator[Row]:
    statement = sql.SQL("COPY ({}) TO STDOUT").format(query)
    with _driver().cursor() as cursor, cursor.copy(statement) as copy:
        yield from cast("Iterator[Row]", copy.rows())


def _select(table: TenantTable, owner: int | UUID, *, joined: sql.Composable = _NOTHING) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {} AS t0 {} WHERE {} = {}").format(
        sql.SQL(", ").join(sql.Identifier("t0", column) for column in table.columns),
        sql.Identifier(table.name),
        joined,
        sql.Identifier("t0", table.key),
        sql.Literal(str(owner)),
    )


def _select_at_depth(table: TenantTable, parent: Parent, owner: int | UUID, depth: int) -> sql.Composed:
    """Select the rows from which so many steps lead to a row that refers to none."""
    joined = sql.SQL(" ").join(
        sql.SQL("JOIN {} AS {} ON ({}) = ({})").format(
            sql.Identifier(table.name),
            sql.Identifier(f"t{step + 1}"),
            _of(step + 1, parent.target_columns),
            _of(step, parent.columns),
        )
        for step in range(depth)
    )
    return sql.SQL("{} AND NOT (({}) IS NOT NULL)").format(
        _select(table, owner, joined=joined), _of(depth, parent.columns)
    )


def _of(step: int, columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(f"t{step}", column) for column in columns)


def insert(table: TenantTable, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> int:
    """Insert rows with these columns in the order given, and return how many; raises `RowRefused`.

    `INSERT` and not `COPY`, which PostgreSQL refuses for tables with row-level security.
    """
    inserted, remaining = 0, iter(rows)
    # One short statement that is prepared once: the driver takes longer to read a long one than the server to run it.
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
    )
    with _driver().cursor() as cursor:
        while some := list(islice(remaining, _ROWS)):
            try:
                cursor.executemany(statement, some)
            except psycopg.Error as error:
                raise RowRefused(table.name, error) from None
            inserted += len(some)
    return inserted

"""All rows of a tenant or an operator, read and written as PostgreSQL writes their values, for moving them.

The statements are the driver's own: they are about tables that no model names, and stream any number of rows.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg.pq import ExecStatus

from lumira.database import running_driver
from lumira.database_failures import constraint_named_by
from lumira.repositories.tenants.copy_lines import Values
from lumira.repositories.tenants.tenant_tables import Parent, TenantTable

_NOTHING = sql.SQL("")
#: Rows of one statement, at most: more save nothing.
_ROWS = 200
#: PostgreSQL takes 65,535 parameters in a statement.
_PARAMETERS = 65_535
#: Bytes of the values of one statement: a row may be larger, such as that of an image.
_BYTES = 1024 * 1024
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


def begin_moving() -> None:
    """Let the statements of this transaction take as long as they need, and write values as in every installation."""
    settings = {
        "statement_timeout": "0",
        # A file on a slow disk may be read or written for a while between two statements.
        "idle_in_transaction_session_timeout": "10min",
        "timezone": "UTC",
        "bytea_output": "hex",
        "extra_float_digits": "1",
        # Each statement of many rows is planned once.
        "plan_cache_mode": "force_generic_plan",
    }
    for name, value in settings.items():
        running_driver().execute("SELECT set_config(%s, %s, true)", (name, value))


def count(table: TenantTable, owner: int | UUID) -> int:
    """Return how many rows of the table the tenant or operator has."""
    query = sql.SQL("SELECT count(*) FROM {} WHERE {} = {}").format(
        sql.Identifier(table.name), sql.Identifier(table.key), sql.Literal(str(owner))
    )
    row = running_driver().execute(query).fetchone()
    return int(row[0]) if row else 0


def read(table: TenantTable, owner: int | UUID, columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the lines of the rows of the tenant or operator, with these columns."""
    return _copy(_select(table, owner, columns))


def read_in_order(table: TenantTable, owner: int | UUID) -> Iterator[bytes]:
    """Yield the same with the table's columns, each line after that of the same table that its row refers to."""
    if table.parent is None:
        yield from read(table, owner, table.columns)
        return
    left = count(table, owner)
    for depth in range(_DEEPEST):
        if left == 0:
            return
        for line in _copy(_select_at_depth(table, table.parent, owner, depth)):
            left -= 1
            yield line
    raise TooDeep(table.name)


def _copy(query: sql.Composed) -> Iterator[bytes]:
    """Yield the lines of a query. The driver's own `copy` takes longer for a row than the server does."""
    driver = running_driver()
    connection = driver.pgconn
    statement = sql.SQL("COPY ({}) TO STDOUT").format(query).as_bytes(driver)
    begun = connection.exec_(statement)
    if begun.status != ExecStatus.COPY_OUT:
        raise errors.error_from_result(begun)
    size = 1
    try:
        while size > 0:
            size, content = connection.get_copy_data(0)
            if size > 0:
                yield bytes(content)[:-1]
    finally:
        # Whoever reads no further leaves the connection fit for the next statement.
        while size > 0:
            size, _ = connection.get_copy_data(0)
        failed = _ended(driver)
    if failed is not None:
        raise failed


def _ended(driver: "psycopg.Connection[Any]") -> psycopg.Error | None:
    """Read the results after the last row, and return the error that ended it."""
    failed = None
    while (result := driver.pgconn.get_result()) is not None:
        if result.status != ExecStatus.COMMAND_OK:
            failed = errors.error_from_result(result)
    return failed


def _select(
    table: TenantTable, owner: int | UUID, columns: Sequence[str], *, joined: sql.Composable = _NOTHING
) -> sql.Composed:
    return sql.SQL("SELECT {} FROM {} AS t0 {} WHERE {} = {}").format(
        sql.SQL(", ").join(sql.Identifier("t0", column) for column in columns),
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
        _select(table, owner, table.columns, joined=joined), _of(depth, parent.columns)
    )


def _of(step: int, columns: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(f"t{step}", column) for column in columns)


def insert(table: TenantTable, columns: Sequence[str], rows: Iterable[Values]) -> None:
    """Insert rows with these columns in the order given; raises `RowRefused`.

    `INSERT` and not `COPY`, which PostgreSQL refuses for tables with row-level security. A statement of many rows is
    prepared once and planned once.
    """
    connection = running_driver().pgconn
    prepared = 0
    for some in _batches(rows, min(_ROWS, _PARAMETERS // len(columns))):
        if len(some) != prepared:
            # Without a name, because a pooler knows the names of its own only.
            _require(connection.prepare(b"", _insertion(table, columns, len(some))), table)
            prepared = len(some)
        values = cast("list[bytes]", [value for row in some for value in row])
        _require(connection.exec_prepared(b"", values), table)


def _batches(rows: Iterable[Values], most: int) -> Iterator[list[Values]]:
    """Yield the rows in batches, all of the same size as long as no row is large."""
    remaining = iter(rows)
    while some := list(islice(remaining, most)):
        size, begin = 0, 0
        for position, row in enumerate(some):
            size += sum(len(value) for value in row if value is not None)
            if size > _BYTES:
                yield some[begin : position + 1]
                size, begin = 0, position + 1
        if begin < len(some):
            yield some[begin:]


def _insertion(table: TenantTable, columns: Sequence[str], rows: int) -> bytes:
    width = len(columns)
    values = ", ".join(
        "(" + ", ".join(f"${row * width + column}" for column in range(1, width + 1)) + ")"
        for row in range(rows)
    )
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    return statement.as_bytes(running_driver()) + values.encode()


def _require(result: Any, table: TenantTable) -> None:
    if result.status != ExecStatus.COMMAND_OK:
        raise RowRefused(table.name, errors.error_from_result(result)) from None

"""New and changed rows, written together.

SQLAlchemy's unit of work takes three times as long for a few rows whose order is known. Only for objects that are in no
session: the session writes its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Label,
    Table,
    Update,
    bindparam,
    insert,
    inspect,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import DeclarativeBase, InstanceState, make_transient_to_detached
from sqlalchemy.orm.attributes import get_history, instance_state, set_committed_value
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from lumira.database import db
from lumira.models.columns import table_of
from lumira.pipelines import prepared, run_later, run_together
from lumira.prepared_statements import Prepared, Query, Row

_Model = type[DeclarativeBase]
#: Statements that a process keeps, one for each set of columns of a table.
_STATEMENTS = 256
#: What the names of parameters begin with: those of the values, and those of the address.
_NEW, _OF_ADDRESS = "new_", "of_"


class RowMissing(RuntimeError):
    """A row to be changed does not exist, although it is locked by the running transaction."""


@dataclass(frozen=True, slots=True)
class Write:
    """One row to be inserted; with an address, values to be set on the row that has it."""

    table: Table
    values: dict[str, Any]
    address: dict[str, Any] | None = None
    #: Whether `write` returns the whole row, as PostgreSQL writes it.
    returns_row: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A change of one row that locks it before others are locked."""

    #: Built once. It returns a value, and the row's tenant.
    statement: Update
    values: dict[str, Any]
    #: The error if there is no such row.
    missing: Callable[[], Exception]


def state_of(row: DeclarativeBase) -> InstanceState[Any]:
    """Return what SQLAlchemy knows about a row: whether it is new, changed, or in a session."""
    state: InstanceState[Any] = instance_state(row)
    return state


@cache
def columns_of(model: _Model) -> tuple[tuple[str, Column[Any]], ...]:
    """Return the columns of a model, each with the name of its attribute."""
    properties = inspect(model).column_attrs
    return tuple((item.key, item.columns[0]) for item in properties if isinstance(item.columns[0], Column))


@cache
def _column_names(model: _Model) -> frozenset[str]:
    return frozenset(name for name, _ in columns_of(model))


def fill_defaults(row: DeclarativeBase) -> None:
    """Give a new row the defaults of its columns now, so that it is complete before it is written."""
    known = row.__dict__
    for name, default in _defaults_of(type(row)):
        if name not in known:
            # Not through SQLAlchemy's attribute, which would note a change of a row that is written as a whole.
            known[name] = default(None) if callable(default) else default


@cache
def _defaults_of(model: _Model) -> tuple[tuple[str, Any], ...]:
    """Return for each attribute its default: a value, or what returns it."""
    return tuple(
        (name, None if column.default is None else column.default.arg)  # type: ignore[attr-defined]
        for name, column in columns_of(model)
    )


@cache
def _is_null_by_itself(column: Column[Any]) -> bool:
    """Whether a column that an insertion does not name is NULL. The driver keeps no text with many parameters."""
    has_default = column.default is not None or column.server_default is not None
    return bool(column.nullable) and not has_default and not column.type.should_evaluate_none


def insertion_of(row: DeclarativeBase, *, returns_row: bool = False) -> Write:
    """Return how a new row is inserted."""
    fill_defaults(row)
    known = row.__dict__
    values = {
        column.key: known[name]
        for name, column in columns_of(type(row))
        if known[name] is not None or not _is_null_by_itself(column)
    }
    return Write(table_of(type(row)), values, returns_row=returns_row)


def change_of(row: DeclarativeBase, *, returns_row: bool = False) -> Write | None:
    """Return how what was changed on a row since it was loaded or written is written; `None` if nothing was."""
    changed = changed_names(row)
    if not changed:
        return None
    columns = columns_of(type(row))
    for name, column in columns:
        if column.onupdate is not None and name not in changed:
            setattr(row, name, column.onupdate.arg(None))  # type: ignore[attr-defined]
            changed.add(name)
    values = {column.key: getattr(row, name) for name, column in columns if name in changed}
    address = {column.key: getattr(row, name) for name, column in columns if column.primary_key}
    return Write(table_of(type(row)), values, address, returns_row=returns_row)


def changed_names(row: DeclarativeBase) -> set[str]:
    """Return the attributes of columns that were changed on a row since it was loaded or written."""
    state = state_of(row)
    if not state.modified or not state.committed_state:
        return set()
    # A row that was added to the object counts as a change of it too.
    names = state.committed_state.keys() & _column_names(type(row))
    return {name for name in names if get_history(row, name, PASSIVE_NO_INITIALIZE).has_changes()}


def mark_written(row: DeclarativeBase) -> None:
    """Record that a row was written as it is now."""
    if state_of(row).key is None:
        make_transient_to_detached(row)
        return
    for name in changed_names(row):
        set_committed_value(row, name, getattr(row, name))


def take(step: Step) -> Any:
    """Make one change by itself, and return its value; raises the step's error if there is no such row."""
    # Constraints are checked now: what the statement refers to must be written.
    db.session.flush()
    [row] = run_together([query_of(step)])
    if row is None:
        raise step.missing()
    return row[0]


def query_of(step: Step) -> Query:
    """Return the statement of a step with its values."""
    return prepared(step.statement).with_values(step.values)


def write(writes: Sequence[Write], *, stored: Callable[[Any], None] | None = None) -> None:
    """Write rows in this order, in one message: with the next statement of the transaction, or with its commit.

    A row stands after those that it refers to. `stored` is called with each row that is returned. An error, such as
    `RowMissing` if a row to be changed does not exist, is raised where the message is sent.
    """
    for item in writes:
        run_later(query_of_write(item), partial(_take_written, item, stored), check=_check_of(item))


def _take_written(item: Write, stored: Callable[[Any], None] | None, row: Row | None) -> None:
    if row is None:
        raise RowMissing(item.table.name)
    if stored is not None and item.returns_row:
        stored(row[0])


def _check_of(item: Write) -> Query | None:
    """Return the statement that fails if there is no row to be changed; an insertion fails by itself."""
    if item.address is None:
        return None
    values = {_OF_ADDRESS + name: value for name, value in item.address.items()}
    return _prepared_check(item.table, tuple(item.address)).with_values(values)


@lru_cache(maxsize=_STATEMENTS)
def _prepared_check(table: Table, address: tuple[str, ...]) -> Prepared:
    # No expression of SQL raises an error, except by what it computes.
    return prepared(
        select(literal_column("1 / count(*)")).select_from(table).where(*_conditions(table, address))
    )


def _conditions(table: Table, address: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(_OF_ADDRESS + name, type_=table.c[name].type) for name in address]


def query_of_write(item: Write) -> Query:
    """Return the statement of a write with its values."""
    address = item.address or {}
    statement = _prepared(
        item.table, tuple(item.values), None if item.address is None else tuple(address), item.returns_row
    )
    values = {_NEW + name: value for name, value in item.values.items()}
    values |= {_OF_ADDRESS + name: value for name, value in address.items()}
    return statement.with_values(values)


@lru_cache(maxsize=_STATEMENTS)
def _prepared(
    table: Table, columns: tuple[str, ...], address: tuple[str, ...] | None, returns_row: bool
) -> Prepared:
    # Built once, because building a statement takes longer than sending it.
    values = {name: bindparam(_NEW + name, type_=table.c[name].type) for name in columns}
    written: Label[Any] = literal_column(f"{table.name}::text" if returns_row else "true").label("written")
    if address is None:
        return prepared(insert(table).values(values).returning(written))
    return prepared(update(table).where(*_conditions(table, address)).values(values).returning(written))

"""The rows of a whole batch, written with few statements in few messages.

SQLAlchemy's unit of work compiles, for each batch, an insertion with as many parameters as the batch has values, and
looks through every collection of every object: it took a third of the time of settling.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import Table, bindparam, insert, literal_column
from sqlalchemy.orm import DeclarativeBase

from lumira.database import db
from lumira.models import (
    AccessGrant,
    AuditEntry,
    Charge,
    CheckoutSession,
    Order,
    OrderLine,
    OutboxMessage,
    Payment,
    StockReservation,
    WebhookEvent,
)
from lumira.models.columns import table_of
from lumira.pipelines import prepared, run_together
from lumira.prepared_statements import Prepared, Query
from lumira.repositories import rows
from lumira.repositories.orders import orders
from lumira.repositories.rows import RowMissing

#: What an ordinary sale inserts and changes, in an order in which each row follows those that it refers to. A batch
#: with any other row is written by the session.
_INSERTED = (Payment, CheckoutSession, Charge, AccessGrant, OutboxMessage, AuditEntry)
_CHANGED = (Order, OrderLine, StockReservation, *_INSERTED, WebhookEvent)
#: How many rows one statement inserts: each number is a statement that every session prepares.
_SIZES = (25, 5, 1)
#: Statements of one message: what they return must fit into what the connection buffers.
_AT_ONCE = 200
_STATEMENTS = 64


def write_and_forget() -> None:
    """Write what is new and changed in the session.

    The last change of these rows in the transaction: the session may no longer know them.
    """
    session = db.session()
    new, changed = list(session.new), list(session.dirty)
    if not _are_ordinary(new, changed) or session.deleted:
        session.flush()
        return
    _refer_to_orders(new, changed)
    if _run([*_changes(changed), *_insertions(sorted(new, key=_place))]):
        session.expunge_all()


def insert_all(new: Iterable[DeclarativeBase]) -> None:
    """Insert rows of one table, in this order; the session does not know them."""
    _run(list(_insertions(new)))


def _are_ordinary(new: Iterable[Any], changed: Iterable[Any]) -> bool:
    return all(type(row) in _INSERTED for row in new) and all(type(row) in _CHANGED for row in changed)


def _place(row: DeclarativeBase) -> int:
    return _INSERTED.index(type(row))


def _refer_to_orders(new: Iterable[Any], changed: Iterable[Any]) -> None:
    """Name the order of each row that was added to one; the unit of work does that only when it writes."""
    added = {id(row) for row in new}
    for order in changed:
        if type(order) is Order:
            for relationship in orders.WHOLE:
                for row in order.__dict__.get(relationship.key, ()):
                    if id(row) in added:
                        row.tenant_id, row.order_id = order.tenant_id, order.id


def _changes(changed: Iterable[DeclarativeBase]) -> Iterator[Query]:
    by_place = sorted(changed, key=lambda row: _CHANGED.index(type(row)))
    return (rows.query_of_write(write) for row in by_place if (write := rows.change_of(row)) is not None)


def _insertions(new: Iterable[DeclarativeBase]) -> Iterator[Query]:
    for model, group in groupby(new, key=type):
        table, columns = table_of(model), rows.columns_of(model)
        values = []
        for row in group:
            rows.fill_defaults(row)
            known = row.__dict__
            values.append([(column.key, known[name]) for name, column in columns])
        for part in _parts(values):
            yield _insertion(table, len(part)).with_values(
                {f"{name}_{place}": value for place, row in enumerate(part) for name, value in row}
            )


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    first = 0
    for size in _SIZES:
        while len(values) - first >= size:
            yield values[first : first + size]
            first += size


@lru_cache(maxsize=_STATEMENTS)
def _insertion(table: Table, number: int) -> Prepared:
    return prepared(
        insert(table)
        .values(
            [
                {
                    column.key: bindparam(f"{column.key}_{place}", type_=column.type)
                    for column in table.columns
                }
                for place in range(number)
            ]
        )
        .returning(literal_column("true"))
    )


def _run(queries: Sequence[Query]) -> bool:
    """Run the statements; returns whether there were any. Raises `RowMissing` if a row to be changed does not exist."""
    for first in range(0, len(queries), _AT_ONCE):
        if None in run_together(queries[first : first + _AT_ONCE]):
            raise RowMissing("A row of the batch.")
    return bool(queries)

"""Orders that a process has written, and with which it continues in its next transaction without loading them.

Opening a payment takes three transactions. A kept order is in no session: what is added to it is written by `write`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from operator import setitem
from typing import Any

from lumira.models import Order
from lumira.pipelines import run_together
from lumira.prepared_statements import from_text
from lumira.repositories import rows
from lumira.repositories.orders import orders
from lumira.repositories.rows import Step, Write

#: What an order has before a payment exists. An order that has anything else is loaded.
_KEPT = frozenset(("lines", "requests", "reservations"))
_ALL = [relationship.key for relationship in orders.WHOLE]
_OTHERS = [key for key in _ALL if key not in _KEPT]
#: Where SQLAlchemy lets the application note something about an object: the row as PostgreSQL has stored it.
_STORED = "stored"

#: It locks the order and then reads the rows: what was committed while it waited for the lock is seen.
_LOCK = from_text(
    "SELECT stored, has_others, request_states, reservation_states, reservation_ends, has_parked "
    "FROM lumira_continue_order(%(tenant)s::integer, %(order)s::uuid, %(payment)s::text)"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """An order, locked, and what the steps before the lock returned."""

    order: Order
    values: tuple[Any, ...]
    #: Whether parked events may wait for its payment.
    has_parked: bool


def insert(order: Order, *others: Write) -> None:
    """Insert a new order, with all that belongs to it and these other writes, and keep it."""
    rows.fill_defaults(order)
    orders.declare_whole(order)
    _write(order, others)


def lock_again(order: Order, *, after: Sequence[Step] = (), payment_intent_id: str | None = None) -> Locked:
    """Lock an order that this process has kept, and return it; another object, loaded whole, if it was changed since.

    The steps are made before the order is locked, one after the other, sent in the same message. Every row is compared
    that a webhook, the poller, an operator or another process may have written meanwhile. Raises the error of the
    first step that finds no row: the caller's transaction must end with it.
    """
    if not _is_kept(order):
        values = tuple(rows.take(step) for step in after)
        return Locked(orders.lock_order(order.tenant_id, order.id), values, has_parked=True)
    stored = rows.state_of(order).info[_STORED]
    locked = {"tenant": order.tenant_id, "order": order.id, "payment": payment_intent_id}
    *taken, found = run_together([*map(rows.query_of, after), _LOCK.with_values(locked)])
    for step, row in zip(after, taken, strict=True):
        if row is None:
            raise step.missing()
    *found_order, has_parked = found or ()
    unchanged = tuple(found_order) == _expected(order, stored)
    current = order if unchanged else orders.lock_order(order.tenant_id, order.id)
    return Locked(current, tuple(row[0] for row in taken if row is not None), has_parked)


def _is_kept(order: Order) -> bool:
    state = rows.state_of(order)
    return (
        state.session is None
        and _STORED in state.info
        and not rows.changed_names(order)
        # Each was declared as empty or filled: SQLAlchemy's attributes take longer than the dictionary behind them.
        and not any(map(order.__dict__.get, _OTHERS))
    )


def _expected(order: Order, stored: str) -> tuple[Any, ...]:
    """What the function returns if nothing was changed since the order was written."""
    reservations = sorted(order.reservations, key=lambda reservation: reservation.product_id)
    return (
        stored,
        False,
        [request.state for request in order.requests] or None,
        [reservation.state for reservation in reservations] or None,
        [reservation.expires_at for reservation in reservations] or None,
    )


def write(order: Order) -> None:
    """Write what was added to a kept order and changed on it. The session writes an order that it has loaded."""
    if rows.state_of(order).session is None:
        _write(order, ())


def _write(order: Order, others: tuple[Write, ...]) -> None:
    """Write the order, what belongs to it and the other writes, sent in one message."""
    own = _own_write(order)
    belonging = [row for key in _ALL for row in order.__dict__[key]]
    written = {row: write for row in belonging if (write := _write_of(row, order)) is not None}
    writes = [*([own] if own else ()), *written.values(), *others]
    if not writes:
        return
    info = rows.state_of(order).info
    if own is not None:
        # Until the row is returned: if this transaction fails, the next one must load the order.
        info.pop(_STORED, None)
    rows.write(writes, stored=partial(setitem, info, _STORED))
    if own is not None:
        rows.mark_written(order)
    for row in written:
        rows.mark_written(row)


def _own_write(order: Order) -> Write | None:
    if rows.state_of(order).key is None:
        return rows.insertion_of(order, returns_row=True)
    return rows.change_of(order, returns_row=True)


def _write_of(row: Any, order: Order) -> Write | None:
    """How a row that belongs to the order is written; `None` if it is unchanged, and if the session writes it."""
    state = rows.state_of(row)
    if state.key is None:
        row.tenant_id, row.order_id = order.tenant_id, order.id
        return rows.insertion_of(row)
    return rows.change_of(row) if state.session is None else None

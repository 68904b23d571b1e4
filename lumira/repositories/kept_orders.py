"""Orders that a process has written, and with which it continues in its next transaction without loading them.

Opening a payment takes three transactions. A kept order is in no session: what is added to it is written by `write`.
"""

from typing import Any

from lumira.database import db
from lumira.models import Order
from lumira.repositories import orders, rows
from lumira.repositories.rows import Write

#: What an order has before a payment exists. An order that has anything else is loaded.
_KEPT = frozenset(("lines", "requests", "reservations"))
_OTHERS = [relationship for relationship in orders.WHOLE if relationship.key not in _KEPT]
#: Where SQLAlchemy lets the application note something about an object: the row as PostgreSQL has stored it.
_STORED = "stored"

# The function locks the order and then reads the rows: what was committed while it waited for the lock is seen.
_LOCK = """
    SELECT stored, has_others, request_states, reservation_states, reservation_ends
    FROM lumira_lock_kept_order(%(tenant_id)s, %(order_id)s)
"""


def insert(order: Order, *others: Write) -> None:
    """Insert a new order, with all that belongs to it and these other writes, and keep it."""
    rows.fill_defaults(order)
    orders.declare_whole(order)
    _write(order, others)


def lock_again(order: Order) -> Order:
    """Lock an order that this process has kept, and return it; another object, loaded whole, if it was changed since.

    Every row is compared that a webhook, the poller, an operator or another process may have written meanwhile.
    """
    state = rows.state_of(order)
    is_kept = (
        state.session is None
        and _STORED in state.info
        and not rows.changed_names(order)
        and not any(getattr(order, relationship.key) for relationship in _OTHERS)
    )
    if is_kept and _is_unchanged(order, state.info[_STORED]):
        return order
    return orders.lock_order(order.tenant_id, order.id)


def _is_unchanged(order: Order, stored: str) -> bool:
    reservations = sorted(order.reservations, key=lambda reservation: reservation.product_id)
    kept = (
        stored,
        False,
        [request.state for request in order.requests] or None,
        [reservation.state for reservation in reservations] or None,
        [reservation.expires_at for reservation in reservations] or None,
    )
    address = {"tenant_id": order.tenant_id, "order_id": order.id}
    return tuple(db.session.connection().exec_driver_sql(_LOCK, address).one()) == kept


def write(order: Order) -> None:
    """Write what was added to a kept order and changed on it. The session writes an order that it has loaded."""
    if rows.state_of(order).session is None:
        _write(order, ())


def _write(order: Order, others: tuple[Write, ...]) -> None:
    """Write the order, what belongs to it and the other writes in one statement."""
    own = _own_write(order)
    belonging = [row for relationship in orders.WHOLE for row in getattr(order, relationship.key)]
    written = {row: write for row in belonging if (write := _write_of(row, order)) is not None}
    writes = [*([own] if own else ()), *written.values(), *others]
    if not writes:
        return
    stored, *_ = rows.write(writes)
    if own is not None:
        rows.state_of(order).info[_STORED] = stored
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

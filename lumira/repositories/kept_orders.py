"""Orders that a process has written, and with which it continues in its next transaction without loading them.

Opening a payment takes three transactions. A kept order is in no session: what is added to it is written by `write`.
"""

from typing import Any

from sqlalchemy import Select, bindparam, exists, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from lumira.database import db
from lumira.models import Order, PaymentRequest, StockReservation
from lumira.repositories import orders, rows

#: What an order has before a payment exists. An order that has anything else is loaded.
_KEPT = frozenset(("lines", "requests", "reservations"))
_OTHERS = [relationship for relationship in orders.WHOLE if relationship.key not in _KEPT]

_COLUMNS = rows.columns_of(Order)
_TENANT, _ORDER = (
    bindparam("of_tenant", type_=Order.tenant_id.type),
    bindparam("of_order", type_=Order.id.type),
)
_LOCK = (
    select(*(column for _, column in _COLUMNS))
    .where(Order.tenant_id == _TENANT, Order.id == _ORDER)
    .with_for_update()
)


def _select_rows() -> Select[Any]:
    """Return the query for a locked order: whether it has rows of other kinds, and what may change of the kept ones.

    Lines never change.
    """
    others = [relationship.property.entity.class_ for relationship in _OTHERS]
    product = StockReservation.product_id
    columns = (
        (PaymentRequest, PaymentRequest.state, PaymentRequest.attempt),
        (StockReservation, StockReservation.state, product),
        (StockReservation, StockReservation.expires_at, product),
    )
    return select(
        or_(*(exists().where(model.tenant_id == _TENANT, model.order_id == _ORDER) for model in others)),
        *(
            select(func.array_agg(aggregate_order_by(column, position)))
            .where(model.tenant_id == _TENANT, model.order_id == _ORDER)
            .scalar_subquery()
            for model, column, position in columns
        ),
    )


_ROWS = _select_rows()


def insert(order: Order) -> None:
    """Insert a new order, with all that belongs to it, and keep it."""
    rows.fill_defaults(order)
    orders.declare_whole(order)
    rows.insert_rows([order])
    write(order)


def lock_again(order: Order) -> Order:
    """Lock an order that this process has kept, and return it; another object, loaded whole, if it was changed since.

    Every row is compared that a webhook, the poller, an operator or another process may have written meanwhile.
    """
    is_kept = rows.state_of(order).session is None and not any(
        getattr(order, relationship.key) for relationship in _OTHERS
    )
    if is_kept and _is_unchanged(order):
        return order
    return orders.lock_order(order.tenant_id, order.id)


def _is_unchanged(order: Order) -> bool:
    address = {"of_tenant": order.tenant_id, "of_order": order.id}
    connection = db.session.connection()
    # Two statements: the second one sees what was committed while the first one waited for the lock.
    row = connection.execute(_LOCK, address).one_or_none()
    if row is None or tuple(row) != tuple(order.__dict__.get(name) for name, _ in _COLUMNS):
        return False
    reservations = sorted(order.reservations, key=lambda reservation: reservation.product_id)
    kept = (
        False,
        [request.state for request in order.requests] or None,
        [reservation.state for reservation in reservations] or None,
        [reservation.expires_at for reservation in reservations] or None,
    )
    return tuple(connection.execute(_ROWS, address).one()) == kept


def write(order: Order) -> None:
    """Write what was added to a kept order and changed on it. The session writes an order that it has loaded."""
    if rows.state_of(order).session is not None:
        return
    rows.update_row(order)
    for relationship in orders.WHOLE:
        new = []
        for row in getattr(order, relationship.key):
            state = rows.state_of(row)
            if state.key is None:
                row.tenant_id, row.order_id = order.tenant_id, order.id
                new.append(row)
            elif state.session is None:
                rows.update_row(row)
        rows.insert_rows(new)

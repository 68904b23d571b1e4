"""Orders whose goods wait to be shipped. An order is loaded with its own shipments and returns."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select, tuple_

from lumira.database import constant, db
from lumira.domain.goods.fulfilment import UNSHIPPED
from lumira.domain.list_position import Position
from lumira.models import Order, OrderLine, OrderStatus
from lumira.repositories.orders import orders, sale_mode


@dataclass(frozen=True, slots=True)
class OrderToShipSince:
    """An order with units to ship, and when it was paid."""

    order_number: str
    paid_at: datetime


def list_to_ship(
    tenant_id: int, *, product_id: str | None = None, after: Position | None = None, limit: int
) -> Sequence[Order]:
    """List the whole orders that have units to ship, those that were paid first before the others.

    With `product_id`, only orders that have a line of this product.
    """
    position = tuple_(Order.completed_at, Order.id)
    query = (
        select(Order)
        .where(
            Order.tenant_id == tenant_id,
            _is_unshipped(),
            sale_mode.counts(tenant_id),
        )
        .order_by(Order.completed_at, Order.id)
        .limit(constant(limit))
    )
    if product_id is not None:
        query = query.where(
            exists().where(
                OrderLine.tenant_id == tenant_id,
                OrderLine.order_id == Order.id,
                OrderLine.product_id == product_id,
            )
        )
    if after is not None:
        query = query.where(position > tuple_(after.at, after.id))
    return orders.load_whole(tenant_id, db.session.execute(query).scalars().all())


def find_longest_to_ship(tenant_id: int) -> OrderToShipSince | None:
    """Return the order that waits longest to be shipped, of those that an operator can ship; `None` without one."""
    query = (
        select(Order.order_number, Order.completed_at)
        .where(
            Order.tenant_id == tenant_id,
            _is_unshipped(),
            Order.status != OrderStatus.DISPUTED,
            Order.review_reason.is_(None),
            Order.erased_at.is_(None),
            sale_mode.counts(tenant_id),
        )
        .order_by(Order.completed_at, Order.id)
        .limit(constant(1))
    )
    found = db.session.execute(query).first()
    return OrderToShipSince(found.order_number, found.completed_at) if found else None


def _is_unshipped() -> ColumnElement[bool]:
    return or_(*(Order.fulfilment == constant(state) for state in UNSHIPPED))


def position_of(order: Order) -> Position:
    """Return where the page after this order begins."""
    # One that is to be shipped was completed.
    return Position(order.completed_at or order.created_at, order.id)

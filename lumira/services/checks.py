"""When Stripe is asked about an order again: soon while it is open, seldom afterwards, and not for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from lumira.database import db
from lumira.models import Order, OrderStatus, RefundStatus

#: An order that nobody paid for so long is given up: its intent is canceled at Stripe.
ABANDONED_AFTER = timedelta(hours=24)

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: While an order is open: up to which age it is asked about how often. A bank debit takes days.
_WHILE_OPEN = (
    (10 * _MINUTE, _MINUTE),
    (_HOUR, 5 * _MINUTE),
    (2 * _DAY, 30 * _MINUTE),
    (30 * _DAY, 6 * _HOUR),
)
#: Ages at which a paid order is asked about: a refund may fail for a month, a dispute come for four.
_AFTERWARDS = (_HOUR, 6 * _HOUR, *(days * _DAY for days in (1, 3, 7, 14, 30, 60, 90, 120)))
#: How often while a refund is on its way.
_WHILE_REFUNDING = _HOUR
_OPEN = (OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED)
_REFUND_UNDER_WAY = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)


def schedule(order: Order, now: datetime) -> None:
    """Decide when Stripe is asked about this order next, if ever again."""
    order.next_check_at = _next(order, now)


def schedule_at_once(order: Order, now: datetime) -> None:
    """Ask within a minute: something is known to be missing."""
    soon = now + _MINUTE
    if order.next_check_at is None or order.next_check_at > soon:
        order.next_check_at = soon


def _next(order: Order, now: datetime) -> datetime | None:
    age = now - order.created_at
    if order.is_free or order.status is OrderStatus.CANCELLED:
        return None
    if order.status in _OPEN and order.review_reason is None:
        return next((now + every for until, every in _WHILE_OPEN if age < until), None)
    if any(refund.status in _REFUND_UNDER_WAY for refund in order.refunds) and age < _AFTERWARDS[-1]:
        return now + _WHILE_REFUNDING
    return next((order.created_at + at for at in _AFTERWARDS if at > age), None)


def is_abandoned(order: Order, now: datetime) -> bool:
    """Whether the order was left unpaid for so long that its payment is closed."""
    return order.status in _OPEN and order.review_reason is None and now - order.created_at > ABANDONED_AFTER


def take_due(tenant_id: int, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Ids of orders to ask about now, longest due first; put off, so that no other process takes them too."""
    due = db.session.execute(
        select(Order)
        .where(Order.tenant_id == tenant_id, Order.next_check_at <= now)
        .order_by(Order.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).scalars()
    taken = []
    for order in due:
        # If this process dies, or Stripe does not answer, the order is asked about again in a while.
        order.next_check_at = now + 2 * _MINUTE
        order.checks += 1
        taken.append(order.id)
    return taken

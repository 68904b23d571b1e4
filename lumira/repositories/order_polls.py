"""When Stripe is asked about an order again: soon while it is open, seldom afterwards, and not for ever."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm.attributes import flag_modified

from lumira.database import db
from lumira.models import Order, OrderStatus, PaymentState, RefundStatus

#: An order that nobody paid for so long is given up: its intent is canceled at Stripe.
ABANDONED_AFTER = timedelta(hours=24)

#: Stripe closes a page at its time by its own clock, and a payment may be under way at that second.
RESERVATION_GRACE = timedelta(minutes=3)

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: While an order is open: up to which age it is asked about how often. A buyer pays in the first hour if at
#: all, and is served five minutes later at most; a bank debit takes days.
_WHILE_OPEN = (
    (10 * _MINUTE, _MINUTE),
    (_HOUR, 3 * _MINUTE),
    (2 * _DAY, 30 * _MINUTE),
    (30 * _DAY, 6 * _HOUR),
)
#: Ages at which a paid order is asked about: a refund may fail for a month, a dispute come for four.
_AFTERWARDS = (_HOUR, 6 * _HOUR, *(days * _DAY for days in (1, 3, 7, 14, 30, 60, 90, 120)))
#: How often while a refund is on its way, by the refund's age.
_WHILE_REFUNDING = ((2 * _DAY, _HOUR), (30 * _DAY, 12 * _HOUR))
_OPEN = (OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED)
_REFUND_UNDER_WAY = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
#: How long an order belongs to the process that asks about it: if that dies, it is asked about again then.
_LEASE = 2 * _MINUTE


def schedule(order: Order, now: datetime) -> None:
    """Decide when Stripe is asked about this order next, if ever again."""
    _ask_at(order, _next(order, now))


def schedule_at_once(order: Order, now: datetime) -> None:
    """Ask within a minute: something is known to be missing."""
    soon = now + _MINUTE
    if order.next_poll_at is None or order.next_poll_at > soon:
        _ask_at(order, soon)


def schedule_sooner(order: Order, now: datetime) -> None:
    """Bring the next asking forward where what is known by now asks for it: a refund is on its way."""
    planned = _next(order, now)
    if planned is not None and order.next_poll_at is not None and planned < order.next_poll_at:
        _ask_at(order, planned)


def _ask_at(order: Order, at: datetime | None) -> None:
    order.next_poll_at = at
    # That Stripe is asked changes nothing about the order: its callers must not see it as updated.
    if order.updated_at is not None:
        flag_modified(order, "updated_at")


def _next(order: Order, now: datetime) -> datetime | None:
    if order.is_free or order.status is OrderStatus.CANCELLED:
        return None
    ends_at = _reservation_ends_at(order)
    if not _has_payment(order):
        # Nothing at Stripe to ask about: only the pieces, if any, are given back when their time is over.
        return None if ends_at is None else max(ends_at, now)
    age = now - _opened_at(order, now)
    if is_open(order):
        usual = _by_age(_WHILE_OPEN, age, now)
        return (
            ends_at if ends_at is not None and now < ends_at and (usual is None or ends_at < usual) else usual
        )
    planned = next((_opened_at(order, now) + at for at in _AFTERWARDS if at > age), None)
    under_way = [refund for refund in order.refunds if refund.status in _REFUND_UNDER_WAY]
    ages = [now - (refund.created_at or now) for refund in under_way]
    sooner = [_by_age(_WHILE_REFUNDING, age, now) for age in ages]
    return min((at for at in (planned, *sooner) if at is not None), default=None)


def _reservation_ends_at(order: Order) -> datetime | None:
    """When Stripe is asked to close what could still be paid, so that the pieces go back."""
    return None if order.reserved_until is None else order.reserved_until + RESERVATION_GRACE


def _by_age(table: Sequence[tuple[timedelta, timedelta]], age: timedelta, now: datetime) -> datetime | None:
    return next((now + every for until, every in table if age < until), None)


def _has_payment(order: Order) -> bool:
    """Whether there is anything at Stripe, or may be: what was asked for, and lost on its way here."""
    return bool(order.payments or order.sessions) or may_be_orphaned(order)


def may_be_orphaned(order: Order) -> bool:
    """Whether Stripe was asked for a payment and may have made it, though its answer never got here."""
    is_payable = any(payment.state is not PaymentState.CANCELED for payment in order.payments)
    return order.is_asking and not is_payable and not any(session.is_open for session in order.sessions)


def _opened_at(order: Order, now: datetime) -> datetime:
    """When the payment was last asked for: a buyer who tries again on the next day is no abandoned one."""
    return max((request.created_at or now for request in order.requests), default=order.created_at)


def is_open(order: Order) -> bool:
    """Whether the order still waits for its payment."""
    return order.status in _OPEN and order.review_reason is None


def is_abandoned(order: Order, now: datetime) -> bool:
    """Whether the order stayed unpaid for so long that its payment is closed: a day, or until its reservation ends."""
    ends_at = _reservation_ends_at(order)
    is_over = ends_at is not None and ends_at <= now
    return is_open(order) and (is_over or now - _opened_at(order, now) > ABANDONED_AFTER)


def is_given_up(order: Order) -> bool:
    """Whether nobody paid and nothing is left that could still be paid."""
    return order.status is OrderStatus.CANCELLED or (is_open(order) and not _has_payment(order))


def claim_due(tenant_id: int, until: datetime, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Ids of orders to ask about that were due at `until`, longest due first.

    Put off, so that no other process takes them too. Waits for no lock.
    """
    due = db.session.execute(
        select(Order.id)
        .where(Order.tenant_id == tenant_id, Order.next_poll_at <= until)
        .order_by(Order.next_poll_at, Order.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).scalars()
    taken = list(due)
    if taken:
        db.session.execute(
            update(Order)
            .where(Order.tenant_id == tenant_id, Order.id.in_(taken))
            .values(next_poll_at=now + _LEASE, polls=Order.polls + 1, updated_at=Order.updated_at)
            .execution_options(synchronize_session=False)
        )
    return taken


def bring_forward(tenant_id: int, *, opened_since: datetime, now: datetime) -> None:
    """Let every order since then about which Stripe is still to be asked be due now."""
    db.session.execute(
        update(Order)
        .where(Order.tenant_id == tenant_id, Order.created_at >= opened_since, Order.next_poll_at > now)
        .values(next_poll_at=now, updated_at=Order.updated_at)
        .execution_options(synchronize_session=False)
    )

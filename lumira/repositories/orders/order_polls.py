"""The polling schedule of orders: written to loaded orders, and claimed by the processes that poll."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, and_, case, exists, func, select, update
from sqlalchemy.orm.attributes import flag_modified

from lumira.database import db
from lumira.domain.order_status import OPEN
from lumira.domain.poll_schedule import RESERVATION_GRACE, next_poll
from lumira.models import (
    CheckoutSession,
    Order,
    OrderStatus,
    Payment,
    PaymentState,
    PromotionUse,
    ReservationState,
    SessionState,
    StockReservation,
)

#: How long a claimed order belongs to the process that polls it: after a crash it is due again then.
_LEASE = timedelta(minutes=2)
#: Soon, but not before the caller's transaction has committed.
_SOON = timedelta(minutes=1)
#: A waiting order this old was polled, unless the process that opened it died before it scheduled a poll.
_FORGOTTEN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OverdueOrder:
    """An order that waits longer than it should, and since when it should not."""

    order_number: str
    status: OrderStatus
    since: datetime


@dataclass(frozen=True, slots=True)
class Awaited:
    """An object at Stripe whose state may still change, and when it was recorded first."""

    stripe_id: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class AwaitedObjects:
    """What some orders wait for."""

    payments: list[Awaited]
    sessions: list[Awaited]


def schedule(order: Order, now: datetime) -> None:
    """Set when Stripe is polled about this order next, or that it is not polled again."""
    _set_next_poll(order, next_poll(order, now))


def schedule_at_once(order: Order, now: datetime) -> None:
    """Poll within a minute, because something is known to be missing."""
    soon = now + _SOON
    if order.next_poll_at is None or order.next_poll_at > soon:
        _set_next_poll(order, soon)


def schedule_sooner(order: Order, now: datetime) -> None:
    """Bring the next poll forward if the order's facts require it, such as a pending refund."""
    poll_at = next_poll(order, now)
    if poll_at is not None and order.next_poll_at is not None and poll_at < order.next_poll_at:
        _set_next_poll(order, poll_at)


def _set_next_poll(order: Order, poll_at: datetime | None) -> None:
    order.next_poll_at = poll_at
    # A poll changes nothing about the order, so clients of the API must not see the order as updated.
    if order.updated_at is not None:
        flag_modified(order, "updated_at")


def claim_due(tenant_id: int, until: datetime, now: datetime, *, limit: int) -> list[UUID]:
    """Return ids of orders whose poll was due at `until`, longest due first, and lease them to the caller.

    Skips locked orders, so it waits for no lock. Leaves out the orders of `claim_ended`.
    """
    return _claim(tenant_id, until, now, ~_has_ended(until), limit=limit)


def claim_ended(tenant_id: int, until: datetime, now: datetime, *, limit: int) -> list[UUID]:
    """Do the same for orders whose reservation had ended at `until`, and the grace time after it.

    Their units are missing to other buyers, so they do not wait behind orders that reserve nothing.
    """
    return _claim(tenant_id, until, now, _has_ended(until), limit=limit)


def _has_ended(at: datetime) -> ColumnElement[bool]:
    return exists().where(
        StockReservation.tenant_id == Order.tenant_id,
        StockReservation.order_id == Order.id,
        StockReservation.state == ReservationState.RESERVED,
        StockReservation.expires_at <= at - RESERVATION_GRACE,
    )


def _claim(
    tenant_id: int, until: datetime, now: datetime, condition: ColumnElement[bool], *, limit: int
) -> list[UUID]:
    due = db.session.execute(
        select(Order.id)
        .where(Order.tenant_id == tenant_id, Order.next_poll_at <= until, condition)
        .order_by(Order.next_poll_at, Order.id)
        .limit(limit)
        .with_for_update(of=Order, skip_locked=True)
    ).scalars()
    order_ids = list(due)
    if order_ids:
        db.session.execute(
            update(Order)
            .where(Order.tenant_id == tenant_id, Order.id.in_(order_ids))
            .values(next_poll_at=now + _LEASE, polls=Order.polls + 1, updated_at=Order.updated_at)
            .execution_options(synchronize_session=False)
        )
    return order_ids


def list_awaited(tenant_id: int, order_ids: Sequence[UUID]) -> AwaitedObjects:
    """Return the open payments and sessions of these orders."""
    is_awaited = CheckoutSession.state == SessionState.OPEN
    is_awaited |= and_(
        CheckoutSession.state == SessionState.COMPLETE,
        ~CheckoutSession.is_paid,
        ~CheckoutSession.has_failed,
    )
    payments = select(Payment.stripe_payment_intent_id, Payment.created_at).where(
        Payment.tenant_id == tenant_id,
        Payment.order_id == func.any(list(order_ids)),
        Payment.state == PaymentState.OPEN,
    )
    sessions = select(CheckoutSession.stripe_session_id, CheckoutSession.created_at).where(
        CheckoutSession.tenant_id == tenant_id,
        CheckoutSession.order_id == func.any(list(order_ids)),
        is_awaited,
    )
    return AwaitedObjects(
        *([Awaited(row[0], row[1]) for row in db.session.execute(query)] for query in (payments, sessions))
    )


def bring_forward(tenant_id: int, *, opened_since: datetime, now: datetime) -> None:
    """Make every order due now that was opened since then and still has a poll scheduled."""
    db.session.execute(
        update(Order)
        .where(Order.tenant_id == tenant_id, Order.created_at >= opened_since, Order.next_poll_at > now)
        .values(next_poll_at=now, updated_at=Order.updated_at)
        .execution_options(synchronize_session=False)
    )


def schedule_forgotten(tenant_id: int, now: datetime) -> None:
    """Make every order due now that waits for a payment and has no poll scheduled."""
    db.session.execute(
        update(Order)
        .where(
            Order.tenant_id == tenant_id,
            Order.status.in_((OrderStatus.PENDING, OrderStatus.PROCESSING)),
            Order.review_reason.is_(None),
            Order.amount > 0,
            Order.next_poll_at.is_(None),
            Order.created_at < now - _FORGOTTEN_AFTER,
        )
        .values(next_poll_at=now, updated_at=Order.updated_at)
        .execution_options(synchronize_session=False)
    )


def _open_or_reserved(tenant_id: int) -> CompoundSelect[UUID]:
    """Ids from two small indexes: a condition on each order would read all that were ever sold."""
    reserved = select(StockReservation.order_id).where(
        StockReservation.tenant_id == tenant_id, StockReservation.state == ReservationState.RESERVED
    )
    return select(Order.id).where(Order.tenant_id == tenant_id, Order.status.in_(OPEN)).union(reserved)


def list_overdue(tenant_id: int, before: datetime) -> list[OverdueOrder]:
    """Return open orders whose reservation ended before this time, or that were sold out before it and not refunded.

    The reservation is of units, and of the use of a promotion code, which an order without stock may have alone. While
    a charge is processing, its latest end counts instead; an order without any reservation has only this. Also any
    order that is not open and still has reserved units. Orders under review have an alert of their own.
    """
    reserved_until = (
        select(func.max(StockReservation.expires_at))
        .where(
            StockReservation.tenant_id == Order.tenant_id,
            StockReservation.order_id == Order.id,
            StockReservation.state == ReservationState.RESERVED,
        )
        .scalar_subquery()
    )
    code_until = case((Order.promotion_use == PromotionUse.RESERVED, Order.promotion_reserved_until))
    reserved = func.greatest(reserved_until, code_until)
    since = func.greatest(func.coalesce(Order.sold_out_at, reserved), Order.charge_due_at)
    rows = db.session.execute(
        select(Order.order_number, Order.status, since)
        .where(
            Order.tenant_id == tenant_id,
            Order.id.in_(_open_or_reserved(tenant_id)),
            Order.review_reason.is_(None),
            since < before,
        )
        .order_by(Order.id)
    )
    return [OverdueOrder(row[0], row[1], row[2]) for row in rows]

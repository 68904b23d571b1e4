"""The polling schedule of orders: written to loaded orders, and claimed by the processes that poll."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm.attributes import flag_modified

from lumira.database import db
from lumira.domain.poll_schedule import next_poll
from lumira.models import Order

#: How long a claimed order belongs to the process that polls it: after a crash it is due again then.
_LEASE = timedelta(minutes=2)
#: Soon, but not before the caller's transaction has committed.
_SOON = timedelta(minutes=1)


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


def claim_due(tenant_id: int, until: datetime, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Return ids of orders whose poll was due at `until`, longest due first, and lease them to the caller.

    Skips locked orders, so it waits for no lock.
    """
    due = db.session.execute(
        select(Order.id)
        .where(Order.tenant_id == tenant_id, Order.next_poll_at <= until)
        .order_by(Order.next_poll_at, Order.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
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


def bring_forward(tenant_id: int, *, opened_since: datetime, now: datetime) -> None:
    """Make every order due now that was opened since then and still has a poll scheduled."""
    db.session.execute(
        update(Order)
        .where(Order.tenant_id == tenant_id, Order.created_at >= opened_since, Order.next_poll_at > now)
        .values(next_poll_at=now, updated_at=Order.updated_at)
        .execution_options(synchronize_session=False)
    )

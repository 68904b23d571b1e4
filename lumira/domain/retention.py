"""When rows that grow with time have expired, and which unpaid orders may be removed."""

from datetime import datetime, timedelta

from lumira.domain.order_status import may_still_be_paid
from lumira.models import EventStatus, MessageStatus, Order, OrderStatus, PromotionUse, ReservationState

#: An event needs no work any more. A failed one waits for an operator.
HANDLED = (EventStatus.PROCESSED, EventStatus.IGNORED, EventStatus.FOREIGN)
#: The statuses of orders that may be removed.
UNPAID = (OrderStatus.CANCELLED, OrderStatus.FAILED)
#: How long counts of refused deliveries are kept: as long as Stripe's Dashboard shows deliveries.
REFUSALS_KEPT = timedelta(days=30)
#: A probe is removed by the command that sends it, unless that is killed.
PROBES_KEPT = timedelta(days=1)
#: Longer than Stripe repeats and lists its events: a repeated one enqueues no record of the CRM again.
CRM_TASKS_KEPT = timedelta(days=90)
#: A record of the CRM that could not be read for so long: the nightly pass over all records finds it.
CRM_NOTIFICATIONS_KEPT = timedelta(days=7)
_MONTHS = 12


def days_before(now: datetime, days: int) -> datetime | None:
    """Return the time so many days ago; `None` for 0 days."""
    return now - timedelta(days=days) if days else None


def months_before(now: datetime, months: int) -> datetime | None:
    """Return the beginning of the month so many months ago; `None` for 0 months."""
    if not months:
        return None
    year, month = divmod(now.year * _MONTHS + now.month - 1 - months, _MONTHS)
    return now.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def is_removable(order: Order) -> bool:
    """Whether the order ended unpaid and nothing of it counts: no money was moved for it, and none can be.

    An order that may still be paid, such as one that was closed here only, is kept, whatever its status.
    """
    has_ended = order.status in UNPAID and order.next_poll_at is None and not may_still_be_paid(order)
    return has_ended and not _has_moved_money(order) and not _holds_anything(order)


def _has_moved_money(order: Order) -> bool:
    is_received = any(
        payment.has_succeeded or payment.amount_received or payment.amount_funded
        for payment in order.payments
    )
    moved = (order.charges, order.refunds, order.refund_requests, order.disputes)
    return is_received or any(moved) or any(session.is_paid for session in order.sessions)


def _holds_anything(order: Order) -> bool:
    """Whether the order has stock, the use of a code, access, a message to be sent, or waits for an operator."""
    return (
        order.completed_at is not None
        or order.review_reason is not None
        or bool(order.grants)
        or bool(order.withdrawals)
        or order.promotion_use not in (None, PromotionUse.RELEASED)
        or any(reservation.state is not ReservationState.RELEASED for reservation in order.reservations)
        or any(message.status is MessageStatus.PENDING for message in order.messages)
    )

"""The last day of a bank transfer: until then an order waits for it, however long its reservation was to last."""

from datetime import datetime, timedelta

from lumira.domain import payments
from lumira.models import Order, ReservationState

_wait = [timedelta(days=7)]


def configure(days: int) -> None:
    """Set how many days an order waits for a bank transfer or the payment of a voucher."""
    _wait[:] = [timedelta(days=days)]


def last_day(order: Order) -> datetime | None:
    """Return until when the order waits for a transfer; `None` if it waits for none."""
    began = [
        payment.transfer_began_at
        for payment in order.payments
        if payment.transfer_began_at is not None and payments.waits_for_transfer(order, payment)
    ]
    return max(began) + _wait[0] if began else None


def is_overdue(order: Order, now: datetime) -> bool:
    """Whether the last day has passed and nothing has arrived; an operator decides about a part."""
    until = last_day(order)
    is_funded = any(payments.is_partly_funded(payment) for payment in order.payments)
    return until is not None and until <= now and not is_funded


def extend_reservations(order: Order) -> None:
    """Let the order's reservations last as long as it waits for a transfer."""
    until = last_day(order)
    if until is None:
        return
    for reservation in order.reservations:
        if reservation.state is ReservationState.RESERVED:
            reservation.expires_at = max(reservation.expires_at, until)
    if order.promotion_reserved_until is not None:
        order.promotion_reserved_until = max(order.promotion_reserved_until, until)

"""When Stripe is polled about an order: often while the order is open, seldom afterwards.

An order that waits for a payment, or whose stock is reserved, always has a next poll; others are polled for four
months.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from lumira.domain.order_status import is_open, may_be_orphaned, may_still_be_paid
from lumira.models import Order, OrderStatus

#: After this time without a payment an order is abandoned: its PaymentIntent is canceled at Stripe. A buyer may
#: return to the page on the same day, and a bank transfer that has begun is not affected.
ABANDONED_AFTER = timedelta(hours=24)

#: Stripe expires a Checkout Session by its own clock, and a payment may be in progress at that second.
RESERVATION_GRACE = timedelta(minutes=3)

_EPOCH = datetime.fromtimestamp(0, UTC)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: Intervals while an order is open and something happened on it: up to this age, this often. Most buyers pay within
#: the first hour, and a payment whose webhook was lost has to be fulfilled within five minutes; a bank debit takes
#: days. Then once a day, as long as it may be paid.
_INTERVALS_WHILE_OPEN = (
    (10 * _MINUTE, _MINUTE),
    (_HOUR, 3 * _MINUTE),
    (2 * _DAY, 30 * _MINUTE),
    (30 * _DAY, 6 * _HOUR),
)

#: Intervals while no attempt to pay is known, after a first poll: most such orders are visits that the buyer has
#: left. The same promise holds for the first hour.
_FIRST_POLL_AFTER = _MINUTE
_INTERVALS_WHILE_UNTOUCHED = (
    (_HOUR, 4 * _MINUTE),
    (2 * _DAY, _HOUR),
    (30 * _DAY, 6 * _HOUR),
)

#: Orders that were opened together are polled together, because Stripe lists what was created in a time by the
#: hundred. Neighbouring groups take turns, so that a busy shop has work at any time.
_OPENED_TOGETHER, _TURNS = timedelta(minutes=15), 4

#: Ages at which a paid order is polled: a refund may fail for a month, a dispute may be opened for four.
_AGES_AFTER_PAYMENT = (_HOUR, 6 * _HOUR, *(days * _DAY for days in (1, 3, 7, 14, 30, 60, 90, 120)))

#: Intervals while a refund is pending, by the age of the refund.
_INTERVALS_WHILE_REFUNDING = ((2 * _DAY, _HOUR), (30 * _DAY, 12 * _HOUR))


def next_poll(order: Order, now: datetime) -> datetime | None:
    """Return when Stripe is polled about this order next, in UTC; `None` if it is not polled again."""
    if order.is_free:
        return None
    if order.status is OrderStatus.CANCELLED:
        return _next_while_closed(order, now)
    if not _has_payment(order):
        # There is nothing to look up at Stripe; the order is only closed at its deadline.
        deadline = _deadline_without_payment(order, now)
        return None if deadline is None else max(deadline, now)
    return _next_while_open(order, now) if is_open(order) else _next_after_payment(order, now)


def _next_while_closed(order: Order, now: datetime) -> datetime | None:
    """Poll a closed order like a paid one, if money may still arrive: the buyer may have sent it before."""
    deadline = _reservation_deadline(order)
    regular = _next_by_fixed_age(order, now) if may_still_be_paid(order) else None
    return min((at for at in (regular, deadline and max(deadline, now)) if at is not None), default=None)


def _deadline_without_payment(order: Order, now: datetime) -> datetime | None:
    deadline = _reservation_deadline(order)
    if deadline is None and order.status is OrderStatus.PENDING:
        # The process died before it requested the payment.
        return _requested_at(order, now) + ABANDONED_AFTER + _MINUTE
    return deadline


def _next_while_open(order: Order, now: datetime) -> datetime | None:
    requested_at = _requested_at(order, now)
    if is_untouched(order):
        regular = _next_while_untouched(requested_at, now)
    else:
        regular = _next_by_age(_INTERVALS_WHILE_OPEN, now - requested_at, now)
    if regular is None and (order.status is not OrderStatus.FAILED or may_still_be_paid(order)):
        regular = now + _DAY
    deadline = _reservation_deadline(order)
    if deadline is None or deadline <= now:
        return regular
    return deadline if regular is None else min(deadline, regular)


def is_untouched(order: Order) -> bool:
    """Whether no attempt to pay the open order is known, and no response of Stripe is missing."""
    has_attempts = any(payment.attempts for payment in order.payments) or bool(order.declines)
    has_form = any(not session.is_open or session.stripe_payment_intent_id for session in order.sessions)
    is_waiting = order.status is OrderStatus.PENDING and not may_be_orphaned(order)
    return is_waiting and not has_attempts and not has_form


def _next_while_untouched(opened_at: datetime, now: datetime) -> datetime | None:
    """Return the next time at which the orders that were opened together are polled."""
    age = now - opened_at
    if age < _FIRST_POLL_AFTER / 2:
        return now + _FIRST_POLL_AFTER
    interval = next((interval for up_to, interval in _INTERVALS_WHILE_UNTOUCHED if age < up_to), None)
    if interval is None:
        return None
    turn = (opened_at - _EPOCH) // _OPENED_TOGETHER % _TURNS
    return now + interval - (now - _EPOCH - interval * turn / _TURNS) % interval


def _next_after_payment(order: Order, now: datetime) -> datetime | None:
    regular = _next_by_fixed_age(order, now)
    # A refund that is being written has no time of its own yet.
    ages = [now - (refund.created_at or now) for refund in order.refunds if refund.is_pending]
    for_refunds = [_next_by_age(_INTERVALS_WHILE_REFUNDING, age, now) for age in ages]
    return min((poll_at for poll_at in (regular, *for_refunds) if poll_at is not None), default=None)


def _next_by_fixed_age(order: Order, now: datetime) -> datetime | None:
    requested_at = _requested_at(order, now)
    return next((requested_at + age for age in _AGES_AFTER_PAYMENT if age > now - requested_at), None)


def is_abandoned(order: Order, now: datetime) -> bool:
    """Return whether the order stayed unpaid until its reservation ended or, at the latest, for a day."""
    deadline = _reservation_deadline(order)
    has_deadline_passed = deadline is not None and deadline <= now
    return is_open(order) and (has_deadline_passed or now - _requested_at(order, now) > ABANDONED_AFTER)


def is_closed_unpaid(order: Order) -> bool:
    """Return whether the order was not paid, and nothing at Stripe could still pay it."""
    return order.status is OrderStatus.CANCELLED or (is_open(order) and not _has_payment(order))


def _has_payment(order: Order) -> bool:
    """Return whether a payment exists at Stripe, or may exist because its response was lost."""
    return bool(order.payments or order.sessions) or may_be_orphaned(order)


def _requested_at(order: Order, now: datetime) -> datetime:
    """Return when a payment was last requested: a buyer who retries on the next day has a full day again."""
    return max((request.created_at or now for request in order.requests), default=order.created_at)


def _reservation_deadline(order: Order) -> datetime | None:
    """Return when the payment is closed at Stripe, so that the reserved stock can be released."""
    return None if order.reserved_until is None else order.reserved_until + RESERVATION_GRACE


def _next_by_age(
    intervals: Sequence[tuple[timedelta, timedelta]], age: timedelta, now: datetime
) -> datetime | None:
    return next((now + interval for up_to, interval in intervals if age < up_to), None)

"""The status of an order, derived from its facts, and what each status means to the rest of the code."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from lumira.domain import payments
from lumira.domain.order_money import Money
from lumira.models import (
    CheckoutSession,
    Order,
    OrderStatus,
    Payment,
    PaymentState,
    ReviewReason,
    SessionState,
)

#: The order waits for its payment.
OPEN = (OrderStatus.PENDING, OrderStatus.PROCESSING, OrderStatus.FAILED)
#: A reservation that ended this long ago and is not released needs an operator, whatever the reason.
OVERDUE_AFTER = timedelta(days=1)
#: How long a bank may take to decide a debit: 14 business days for SEPA, the slowest. That is 20 days with the
#: weekends, and up to four more with public holidays. The type of a payment's method is not recorded.
DEBIT_TAKES_UP_TO = timedelta(days=24)
#: The buyer may begin an attempt to pay.
PAYABLE = (OrderStatus.PENDING, OrderStatus.FAILED)
#: The buyer is entitled to what was bought.
ENTITLED = (OrderStatus.COMPLETED, OrderStatus.PARTIALLY_REFUNDED)
#: Purchases of a buyer: without the attempts that failed or were abandoned.
PURCHASED = (
    OrderStatus.PROCESSING,
    OrderStatus.COMPLETED,
    OrderStatus.PARTIALLY_REFUNDED,
    OrderStatus.REFUNDED,
    OrderStatus.DISPUTED,
)


def is_open(order: Order) -> bool:
    """Whether the settled order still waits for its payment; one under review waits for an operator."""
    return order.status in OPEN and order.review_reason is None


def lacks_recipient(order: Order, status: OrderStatus) -> bool:
    """Whether the buyer is entitled to what they paid for, and no message can reach them."""
    is_anonymous = order.customer_email is None and order.erased_at is None
    return is_anonymous and not order.is_free and status in ENTITLED


def is_overdue(order: Order, now: datetime) -> bool:
    """Whether the order was to end a day ago, and so may have an alert: by its reservation, its debit, or sold out."""
    ends = [
        *(reservation.expires_at for reservation in order.reservations),
        order.sold_out_at,
        order.charge_due_at,
    ]
    return order.status in OPEN and any(end is not None and end < now - OVERDUE_AFTER for end in ends)


def charge_due_at(order: Order) -> datetime | None:
    """Return when the charges that are processing are decided at the latest; `None` if none is processing."""
    began = [payment.created_at for payment in payable_payments(order) if is_processing(order, payment)]
    return max(began) + DEBIT_TAKES_UP_TO if began else None


def is_processing(order: Order, payment: Payment) -> bool:
    """Whether a charge of the payment is processing, such as a bank debit: the buyer can no longer stop it.

    A complete session whose PaymentIntent has not reported its charge counts; one that waits for a transfer does not.
    """
    is_of_awaited_session = any(
        session.stripe_payment_intent_id == payment.stripe_payment_intent_id and _is_awaited(order, session)
        for session in order.sessions
    )
    return payments.has_open_charge(order, payment) or (
        is_of_awaited_session and not payments.waits_for_transfer(order, payment)
    )


def is_awaited(order: Order) -> bool:
    """Whether the buyer has done what was asked: a charge is processing, or a bank transfer or voucher is expected.

    A payment that only waits for the buyer's authentication is not awaited: the buyer may have left the bank's page.
    """
    return any(_is_awaited(order, session) for session in order.sessions) or any(
        is_processing(order, payment) or payments.waits_for_transfer(order, payment)
        for payment in payable_payments(order)
    )


def is_money_under_way(order: Order) -> bool:
    """Whether a charge is processing, or a part of a bank transfer has arrived."""
    return any(payments.is_partly_funded(payment) for payment in order.payments) or any(
        is_processing(order, payment) for payment in payable_payments(order)
    )


def is_test_sale(order: Order) -> bool:
    """Whether the order was paid with test money and has not ended: it does, once the tenant sells live."""
    is_settled = order.completed_at or order.sold_out_at or order.review_reason
    return is_settled is not None and not order.livemode and not order.is_free and order.test_ended_at is None


def is_paid_after_erasure(order: Order) -> bool:
    """Whether the order was paid after its buyer was erased: no message can reach them, and none may be looked up."""
    return (
        order.erased_at is not None
        and order.completed_at is not None
        and order.completed_at > order.erased_at
    )


def is_fulfilled(order: Order) -> bool:
    """Whether the order was ever fulfilled: it granted access or sold stock, also if it was refunded since."""
    return order.completed_at is not None


def is_closed(order: Order) -> bool:
    """Whether the order was closed here, and no payment was requested since: it waits for nothing."""
    closed_at = order.closed_at
    # A request that is being written has no time of its own yet.
    return closed_at is not None and all(
        request.created_at is not None and request.created_at <= closed_at for request in order.requests
    )


def may_still_be_paid(order: Order) -> bool:
    """Whether a payment of the order exists that Stripe may still report as succeeded."""
    has_session = any(session.is_open or session.is_awaited for session in order.sessions)
    return has_session or bool(payable_payments(order)) or may_be_orphaned(order)


def may_be_orphaned(order: Order) -> bool:
    """Whether Stripe may have created a payment whose response never reached Lumira."""
    is_payable = any(payment.state is not PaymentState.CANCELED for payment in order.payments)
    return (
        order.has_pending_request
        and not is_payable
        and not any(session.is_open for session in order.sessions)
    )


def status_when_fulfilled(order: Order, money: Money) -> OrderStatus:
    """Return the status of an order that is paid or free: how much of its money remains."""
    if order.is_free:
        return OrderStatus.COMPLETED
    if money.disputed or money.is_lost:
        return OrderStatus.DISPUTED
    if money.is_fully_refunded:
        return OrderStatus.REFUNDED
    return OrderStatus.PARTIALLY_REFUNDED if money.is_partially_refunded else OrderStatus.COMPLETED


def status_when_unfulfilled(order: Order, review: ReviewReason | None) -> OrderStatus:
    """Return the status of an order that is not paid, or is under review: whether it may still be paid."""
    if review is None and is_closed(order):
        return OrderStatus.CANCELLED
    payable = payable_payments(order)
    is_under_way = any(payments.has_open_attempt(order, payment) for payment in payable)
    if review is not None or is_under_way or any(_is_awaited(order, session) for session in order.sessions):
        return OrderStatus.PROCESSING
    if order.sessions:
        return _status_by_sessions(order, payable)
    if payable:
        return _failed_if_declined(order, payable)
    if order.has_pending_request:
        # A payment is being created, also where an earlier one was canceled.
        return OrderStatus.PENDING
    if order.payments or order.closed_at is not None:
        return OrderStatus.CANCELLED
    if order.requests and order.requests[-1].refusal:
        return OrderStatus.FAILED
    return OrderStatus.PENDING


def payable_payments(order: Order) -> list[Payment]:
    """Return the payments that may still succeed: a payment of a Checkout Session ends with the session."""
    over = {
        session.stripe_payment_intent_id
        for session in order.sessions
        if session.state is SessionState.EXPIRED or session.has_failed
    }
    return [
        payment
        for payment in order.payments
        if payment.state is PaymentState.OPEN and payment.stripe_payment_intent_id not in over
    ]


def _status_by_sessions(order: Order, payable: Sequence[Payment]) -> OrderStatus:
    """The Checkout Session decides: its PaymentIntent exists only while the buyer pays."""
    if any(session.is_open for session in order.sessions):
        # Attempts in an earlier session do not count for this one.
        return _failed_if_declined(order, payable)
    if order.has_pending_request:
        return OrderStatus.PENDING
    is_finished = order.sessions[-1].state is SessionState.COMPLETE
    return OrderStatus.FAILED if is_finished else OrderStatus.CANCELLED


def _is_awaited(order: Order, session: CheckoutSession) -> bool:
    """Whether the session is complete and its payment is processing; the payment alone may report its failure.

    The event that an attempt is processing may arrive last: a decline of an attempt that was never reported as
    processing, such as that of a card before a bank debit on the same page, does not end the waiting.
    """
    payment = order.find_payment(session.stripe_payment_intent_id or "")
    is_over = payment is not None and (
        payment.state is PaymentState.CANCELED or payments.has_failed_delayed(order, [payment])
    )
    return session.is_awaited and not is_over


def _failed_if_declined(order: Order, payable: Sequence[Payment]) -> OrderStatus:
    declined = {decline.payment_id for decline in order.declines}
    return OrderStatus.FAILED if any(payment.id in declined for payment in payable) else OrderStatus.PENDING

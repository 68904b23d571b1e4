"""The status of an order: of one that was served by its money, of any other by how its payments stand."""

from collections.abc import Sequence

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


def status_when_fulfilled(order: Order, money: Money) -> OrderStatus:
    """Of what was paid for, or is free: how much of the money is still here."""
    if order.is_free:
        return OrderStatus.COMPLETED
    if money.disputed or money.is_lost:
        return OrderStatus.DISPUTED
    if money.is_fully_refunded:
        return OrderStatus.REFUNDED
    return OrderStatus.PARTIALLY_REFUNDED if money.is_partially_refunded else OrderStatus.COMPLETED


def status_when_unfulfilled(order: Order, review: ReviewReason | None) -> OrderStatus:
    """Of what is not paid for, or not as asked: whether it may still be."""
    payable = payable_of(order)
    is_under_way = any(payments.has_open_attempt(order, payment) for payment in payable)
    if review is not None or is_under_way or any(_is_awaited(order, session) for session in order.sessions):
        return OrderStatus.PROCESSING
    if order.sessions:
        return _status_by_sessions(order, payable)
    if payable:
        return _failed_if_tried(order, payable)
    if order.is_asking:
        # A payment is being opened, also where an earlier one was closed: it may be paid in a moment.
        return OrderStatus.PENDING
    if order.payments or order.closed_at is not None:
        return OrderStatus.CANCELLED
    if order.requests and order.requests[-1].refusal:
        return OrderStatus.FAILED
    return OrderStatus.PENDING


def payable_of(order: Order) -> list[Payment]:
    """Payments that may still come to something: what was begun on a page ends with it, told or not."""
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
    """The page on which it is paid decides: its PaymentIntent exists only while somebody pays."""
    if any(session.is_open for session in order.sessions):
        # What was tried on an earlier page says nothing of this one.
        return _failed_if_tried(order, payable)
    if order.is_asking:
        return OrderStatus.PENDING
    is_finished = order.sessions[-1].state is SessionState.COMPLETE
    return OrderStatus.FAILED if is_finished else OrderStatus.CANCELLED


def _is_awaited(order: Order, session: CheckoutSession) -> bool:
    """Whether its form was finished and its payment is on its way: also if only the payment tells of its end."""
    payment = order.find_payment(session.stripe_payment_intent_id or "")
    is_over = payment is not None and any(decline.payment_id == payment.id for decline in order.declines)
    return session.is_awaited and not is_over


def _failed_if_tried(order: Order, among: Sequence[Payment]) -> OrderStatus:
    tried = {decline.payment_id for decline in order.declines}
    return OrderStatus.FAILED if any(payment.id in tried for payment in among) else OrderStatus.PENDING

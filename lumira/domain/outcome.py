"""What an order is, gives and owes, derived from what is known of it.

`derive` is a pure function of the facts on a loaded order, in whatever order they were learned.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from lumira.domain import messages, payments
from lumira.domain.order_money import Money, duplicate_payments, money_of, review_reason
from lumira.domain.order_status import payable_of, status_when_fulfilled, status_when_unfulfilled
from lumira.models import (
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    Payment,
    RefundOrigin,
    RefundStatus,
    ReleaseOnFailure,
    ReservationState,
    ReviewReason,
)


@dataclass(frozen=True, slots=True)
class GrantState:
    """Whether a line gives access now, and why."""

    active: bool
    reason: GrantReason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows from the facts."""

    status: OrderStatus
    review: ReviewReason | None
    is_paid: bool
    #: For every line that was ever served.
    grants: dict[UUID, GrantState]
    #: For every product whose pieces are counted, what the order should have of them.
    stock: dict[str, ReservationState]
    #: Payments that go back by themselves, and why.
    returned: tuple[tuple[Payment, RefundOrigin], ...]
    #: Kind and subject of every message that is owed, to the buyer or to the team.
    messages: frozenset[tuple[MessageKind, str]]


def derive(order: Order) -> Outcome:
    """What the order is, gives and owes. Makes no query and changes nothing."""
    review = review_reason(order)
    is_paid = order.is_free or (review is None and any(p.has_succeeded for p in order.payments))
    money = money_of(order)
    if review is not None and money.is_fully_refunded:
        # What was paid wrongly went back whole: nobody has to decide about it any more.
        return _unfulfilled(order, OrderStatus.REFUNDED, None)
    if not is_paid:
        return _unfulfilled(order, status_when_unfulfilled(order, review), review)
    if order.sold_out_at is not None:
        # Paid too late, and nothing was left: all of it goes back, and until it has, nothing is promised.
        status = status_when_fulfilled(order, money) if money.touches_anything else OrderStatus.PROCESSING
        back = tuple((p, RefundOrigin.SOLD_OUT) for p in order.payments if p.has_succeeded)
        return _unfulfilled(order, status, None, returned=back)
    return Outcome(
        status=status_when_fulfilled(order, money),
        review=review,
        is_paid=True,
        grants={line.id: _grant_state(order, line, money) for line in order.lines if line.grants_access},
        stock=_stock_when_fulfilled(order),
        returned=tuple((payment, RefundOrigin.DUPLICATE_PAYMENT) for payment in duplicate_payments(order)),
        messages=frozenset(_messages(order, is_paid=True)),
    )


def _unfulfilled(
    order: Order,
    status: OrderStatus,
    review: ReviewReason | None,
    *,
    returned: tuple[tuple[Payment, RefundOrigin], ...] = (),
) -> Outcome:
    return Outcome(
        status=status,
        review=review,
        is_paid=False,
        grants={},
        stock=_stock_when_unfulfilled(order, status),
        returned=returned,
        messages=frozenset(_messages(order, is_paid=False)),
    )


def _stock_when_fulfilled(order: Order) -> dict[str, ReservationState]:
    """Sold; back on the shelf once every refund that makes up the price has succeeded, where the policy says so."""
    accepted = sum(payment.amount_received for payment in order.payments if payment.has_succeeded)
    back = sum(refund.amount for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED)
    is_fully_refunded = 0 < accepted <= back
    return {
        line.product_id: ReservationState.RELEASED
        if is_fully_refunded and line.restock_on_refund
        else ReservationState.SOLD
        for line in order.lines
        if line.keeps_stock
    }


def _stock_when_unfulfilled(order: Order, status: OrderStatus) -> dict[str, ReservationState]:
    is_over = status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED) or order.sold_out_at is not None
    is_released = is_over or (status is OrderStatus.FAILED and _failure_releases(order))
    state = ReservationState.RELEASED if is_released else ReservationState.RESERVED
    return {line.product_id: state for line in order.lines if line.keeps_stock}


def _failure_releases(order: Order) -> bool:
    """Whether a failed try gives the pieces back now, rather than leave the buyer the time to try again."""
    payable, is_page_open = payable_of(order), any(session.is_open for session in order.sessions)
    is_over = not payable or any(session.has_failed for session in order.sessions)
    return (
        (is_over and not is_page_open)
        or order.release_on_failure is ReleaseOnFailure.AT_ONCE
        or payments.has_failed_delayed(order, payable)
    )


def _grant_state(order: Order, line: OrderLine, money: Money) -> GrantState:
    # Money that is gone for good says more than a person's decision before or after it.
    if money.is_fully_refunded:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    if money.is_lost:
        return GrantState(active=False, reason=GrantReason.DISPUTE_LOST)
    if _is_revoked_by_operator(order, line):
        return GrantState(active=False, reason=GrantReason.OPERATOR)
    if order.is_free:
        return GrantState(active=True, reason=GrantReason.FREE)
    if money.disputed:
        return GrantState(active=False, reason=GrantReason.DISPUTED)
    if money.is_partially_refunded and line.on_partial_refund is PartialRefundPolicy.REVOKE:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    return GrantState(active=True, reason=GrantReason.PAID)


def _is_revoked_by_operator(order: Order, line: OrderLine) -> bool:
    """Whether a person closed it: that holds whatever the money says, until a person restores it."""
    return any(
        grant.order_line_id == line.id and grant.operator_revoked_at is not None for grant in order.grants
    )


def _messages(order: Order, *, is_paid: bool) -> Iterable[tuple[MessageKind, str]]:
    yield from _messages_to_the_team(order)
    if order.customer_email is None:
        return
    if is_paid:
        yield MessageKind.ORDER_CONFIRMATION, ""
    for decline in order.declines:
        yield MessageKind.PAYMENT_FAILED, decline.subject
    for refund in order.refunds:
        if refund.has_succeeded:
            yield MessageKind.ORDER_REFUNDED, refund.stripe_refund_id
    if is_paid and any(line.grants_access for line in order.lines):
        # Access was closed meanwhile, and its buyer finds it open again.
        won = (each for each in order.disputes if each.status is DisputeStatus.WON)
        yield from ((MessageKind.ACCESS_READY, each.stripe_dispute_id) for each in won)
    # What was delivered stays so: passed over while the order was disputed, it is told once that is won.
    yield from (
        (each.kind, each.subject) for each in order.messages if each.kind is MessageKind.DELIVERABLE_READY
    )


def _messages_to_the_team(order: Order) -> Iterable[tuple[MessageKind, str]]:
    for dispute in order.disputes:
        # A question that becomes a dispute is news: the team is told of both, each once.
        if dispute.was_inquiry:
            yield MessageKind.DISPUTE_ALERT, messages.inquiry_subject(dispute.stripe_dispute_id)
        if not dispute.status.is_inquiry:
            yield MessageKind.DISPUTE_ALERT, dispute.stripe_dispute_id

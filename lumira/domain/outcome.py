"""The outcome of an order: status, access, stock, automatic refunds and messages, derived from its facts.

`derive` is a pure function of the facts on a loaded order, in whatever order they were recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

from lumira.domain import fraud_warnings, messages, payments, refunds, withdrawal
from lumira.domain.goods import parcels
from lumira.domain.goods.fulfilment import NO_GOODS, Goods, goods_state, restocked_units
from lumira.domain.goods.returns import DueReturnRefund, due_return_refunds
from lumira.domain.order_money import (
    Money,
    duplicate_payments,
    is_paid,
    money_of,
    received_amount,
    review_reason,
    succeeded_payments,
)
from lumira.domain.order_status import payable_payments, status_when_fulfilled, status_when_unfulfilled
from lumira.domain.withdrawal_refunds import DueRefund, amount_for_withdrawals, due_refunds
from lumira.models import (
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    Payment,
    PromotionUse,
    RefundOrigin,
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
    """Everything that follows from the facts."""

    status: OrderStatus
    review: ReviewReason | None
    is_paid: bool
    #: For every line that grants access, once the order is paid.
    grants: dict[UUID, GrantState]
    #: For every product with stock, the state of the order's reservation.
    stock: dict[str, ReservationState]
    #: Whether the order counts as a use of its promotion code; `None` without one.
    promotion: PromotionUse | None
    #: Payments that are refunded automatically, and why.
    refunds: tuple[tuple[Payment, RefundOrigin], ...]
    #: Kind and subject of every message to the buyer or to the team.
    messages: frozenset[tuple[MessageKind, str]]
    #: What is refunded because of accepted withdrawals, and was not requested of Stripe yet.
    withdrawal_refunds: tuple[DueRefund, ...] = ()
    #: What is refunded because goods came back, and was not requested of Stripe yet.
    return_refunds: tuple[DueReturnRefund, ...] = ()
    #: Where the units of each line with goods are.
    goods: Goods = NO_GOODS
    #: For every product whose reservation stays sold, how many of its units are in stock again; without it none.
    restocked: dict[str, int] = field(default_factory=dict)


def derive(order: Order, *, if_accepted: bool = False) -> Outcome:
    """Return the outcome of a loaded order. Makes no query and changes nothing.

    With `if_accepted`, its refunds are those that would follow if the withdrawals that wait were accepted.
    """
    outcome = _derive(order, if_accepted=if_accepted)
    return outcome if order.test_ended_at is None else _when_test_ended(outcome)


def _when_test_ended(outcome: Outcome) -> Outcome:
    """The sale moved no money: its units are returned, nothing is refunded, and what waits for a decision is closed."""
    waits = outcome.status is OrderStatus.PROCESSING
    return replace(
        outcome,
        status=OrderStatus.CANCELLED if waits else outcome.status,
        review=None,
        stock=dict.fromkeys(outcome.stock, ReservationState.RELEASED),
        promotion=outcome.promotion and PromotionUse.RELEASED,
        refunds=(),
        withdrawal_refunds=(),
        return_refunds=(),
        restocked={},
    )


def _derive(order: Order, *, if_accepted: bool) -> Outcome:
    review = review_reason(order)
    money = money_of(order)
    if review is not None and money.is_fully_refunded:
        # The mismatching payment is fully refunded: no operator has to decide about it.
        return _unfulfilled(order, OrderStatus.REFUNDED, None)
    if not is_paid(order):
        status = status_when_unfulfilled(order, review)
        return _unfulfilled(
            order, status, review, automatic=_refunds_for_warnings(order), if_accepted=if_accepted
        )
    if order.sold_out_at is not None:
        # Paid too late, when no unit was left: every payment is refunded automatically.
        status = (
            status_when_fulfilled(order, money) if money.is_refunded_or_disputed else OrderStatus.PROCESSING
        )
        automatic = tuple((payment, RefundOrigin.SOLD_OUT) for payment in succeeded_payments(order))
        return _unfulfilled(order, status, None, automatic=automatic)
    stock, restocked = _stock_when_fulfilled(order)
    withdrawal_refunds = due_refunds(order, if_accepted=if_accepted)
    return Outcome(
        status=status_when_fulfilled(order, money),
        review=review,
        is_paid=True,
        grants={line.id: _grant_state(order, line, money) for line in order.lines if line.grants_access},
        # Also after a refund: who returns goods may not buy with the code again. An operator can raise its limits.
        promotion=order.promotion_use and PromotionUse.REDEEMED,
        stock=stock,
        refunds=(
            *((payment, RefundOrigin.DUPLICATE_PAYMENT) for payment in duplicate_payments(order)),
            *_refunds_for_warnings(order),
        ),
        messages=frozenset(_messages(order, with_sale=True)),
        withdrawal_refunds=tuple(withdrawal_refunds),
        return_refunds=tuple(due_return_refunds(order, withdrawal_refunds)),
        goods=goods_state(order, is_paid=True),
        restocked=restocked,
    )


def _refunds_for_warnings(order: Order) -> tuple[tuple[Payment, RefundOrigin], ...]:
    """Return the payments that are refunded because a fraud warning is open; one is refunded for one reason only."""
    return tuple(
        (payment, RefundOrigin.FRAUD_WARNING) for payment in fraud_warnings.payments_to_refund(order)
    )


def _unfulfilled(
    order: Order,
    status: OrderStatus,
    review: ReviewReason | None,
    *,
    automatic: tuple[tuple[Payment, RefundOrigin], ...] = (),
    if_accepted: bool = False,
) -> Outcome:
    return Outcome(
        status=status,
        review=review,
        is_paid=False,
        grants={},
        stock=_stock_when_unfulfilled(order, status),
        promotion=order.promotion_use and _promotion_when_unfulfilled(order, status),
        refunds=automatic,
        messages=frozenset(_messages(order, with_sale=False)),
        # A payment of another amount waits for no decision any more if the buyer has withdrawn from everything.
        withdrawal_refunds=tuple(due_refunds(order, if_accepted=if_accepted))
        if review is not None and withdrawal.is_whole_order_withdrawn(order)
        else (),
        goods=goods_state(order, is_paid=False),
    )


def _stock_when_fulfilled(order: Order) -> tuple[dict[str, ReservationState], dict[str, int]]:
    """Sold; released once refunds of the whole received amount have succeeded, where the product is restocked.

    Of a line that was shipped, the units that came back and those that were never sent are restocked one by one.
    """
    is_fully_refunded = 0 < received_amount(order) <= refunds.succeeded_amount(order)
    stock, restocked = {}, {}
    for line in parcels.goods_of(order):
        units = restocked_units(order, line, is_fully_refunded=is_fully_refunded)
        is_released = units >= line.quantity
        stock[line.product_id] = ReservationState.RELEASED if is_released else ReservationState.SOLD
        if 0 < units < line.quantity:
            restocked[line.product_id] = units
    return stock, restocked


def _stock_when_unfulfilled(order: Order, status: OrderStatus) -> dict[str, ReservationState]:
    state = ReservationState.RELEASED if _is_released(order, status) else ReservationState.RESERVED
    return {line.product_id: state for line in order.lines if line.keeps_stock}


def _promotion_when_unfulfilled(order: Order, status: OrderStatus) -> PromotionUse:
    return PromotionUse.RELEASED if _is_released(order, status) else PromotionUse.RESERVED


def _is_released(order: Order, status: OrderStatus) -> bool:
    """Whether an unfulfilled order has neither stock nor the use of its code any more."""
    is_over = status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED) or order.sold_out_at is not None
    return is_over or (status is OrderStatus.FAILED and _failure_releases(order))


def _failure_releases(order: Order) -> bool:
    """Whether a failed payment releases the stock now, instead of leaving the buyer the time for another attempt."""
    payable, is_page_open = payable_payments(order), any(session.is_open for session in order.sessions)
    is_over = not payable or any(session.has_failed for session in order.sessions)
    return (
        (is_over and not is_page_open)
        or order.release_on_failure is ReleaseOnFailure.AT_ONCE
        or payments.has_failed_delayed(order, payable)
    )


def _grant_state(order: Order, line: OrderLine, money: Money) -> GrantState:
    # A refund or a lost dispute is final, whatever an operator decided before or after it.
    if money.is_fully_refunded:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    if money.is_lost:
        return GrantState(active=False, reason=GrantReason.DISPUTE_LOST)
    if _is_revoked_by_operator(order, line):
        return GrantState(active=False, reason=GrantReason.OPERATOR)
    if withdrawal.is_line_withdrawn(order, line):
        return GrantState(active=False, reason=GrantReason.WITHDRAWN)
    if order.is_free:
        return GrantState(active=True, reason=GrantReason.FREE)
    if money.disputed:
        return GrantState(active=False, reason=GrantReason.DISPUTED)
    if fraud_warnings.suspends_access(order):
        return GrantState(active=False, reason=GrantReason.FRAUD_WARNING)
    if _is_partially_refunded(order, money) and line.on_partial_refund is PartialRefundPolicy.REVOKE:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    return GrantState(active=True, reason=GrantReason.PAID)


def _is_partially_refunded(order: Order, money: Money) -> bool:
    """Whether a part is refunded that no withdrawal explains: a withdrawal leaves the other lines as they are."""
    withdrawn = min(amount_for_withdrawals(order), money.refunded)
    return (
        money.is_partially_refunded
        and money.refunded + money.lost > withdrawn
        and money.net_paid < money.price - withdrawn
    )


def _is_revoked_by_operator(order: Order, line: OrderLine) -> bool:
    """Whether an operator revoked the access: until an operator restores it, payments and disputes do not."""
    return any(
        grant.order_line_id == line.id and grant.operator_revoked_at is not None for grant in order.grants
    )


def _messages(order: Order, *, with_sale: bool) -> Iterable[tuple[MessageKind, str]]:
    yield from _team_messages(order)
    if order.customer_email is None:
        return
    if with_sale and not all(line.is_repeated for line in order.lines):
        yield MessageKind.ORDER_CONFIRMATION, ""
    for decline in order.declines:
        yield MessageKind.PAYMENT_FAILED, decline.subject
    for refund in order.refunds:
        if refund.has_succeeded:
            yield MessageKind.ORDER_REFUNDED, refund.stripe_refund_id
            if not refund.is_live:
                yield MessageKind.REFUND_FAILED, refund.stripe_refund_id
    yield from _messages_about_goods(order)
    if with_sale and any(line.grants_access for line in order.lines):
        # Access was revoked during the dispute.
        won = (dispute for dispute in order.disputes if dispute.status is DisputeStatus.WON)
        yield from ((MessageKind.ACCESS_READY, dispute.stripe_dispute_id) for dispute in won)
    # A message about a deliverable that was superseded during a dispute is sent once the dispute is won.
    deliverables = (message for message in order.messages if message.kind is MessageKind.DELIVERABLE_READY)
    yield from ((message.kind, message.subject) for message in deliverables)


def _messages_about_goods(order: Order) -> Iterable[tuple[MessageKind, str]]:
    for withdrawn in order.withdrawals:
        yield MessageKind.WITHDRAWAL_ACKNOWLEDGED, str(withdrawn.id)
        if withdrawn.is_refused:
            yield MessageKind.WITHDRAWAL_REFUSED, str(withdrawn.id)
    for shipment in parcels.sent_shipments(order):
        yield MessageKind.ORDER_SHIPPED, str(shipment.id)


def _team_messages(order: Order) -> Iterable[tuple[MessageKind, str]]:
    for dispute in order.disputes:
        # An inquiry that becomes a dispute is another message.
        if dispute.was_inquiry:
            yield MessageKind.DISPUTE_ALERT, messages.inquiry_subject(dispute.stripe_dispute_id)
        if not dispute.status.is_inquiry:
            yield MessageKind.DISPUTE_ALERT, dispute.stripe_dispute_id

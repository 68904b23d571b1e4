"""Settling: what an order is, gives and owes, derived from what is known of it.

`derive` is a pure function of the facts on a loaded order, in whatever order they were learned.
`settle_order` writes its result down; doing so twice changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.models import (
    AccessGrant,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    Payment,
    PaymentState,
    ReviewReason,
)
from lumira.services import alerts, audit, checks, disputes, outbox, payments, refunds

log = structlog.get_logger()


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
    #: Kind and subject of every message that is owed, to the buyer or to the team.
    messages: frozenset[tuple[MessageKind, str]]


@dataclass(frozen=True, slots=True)
class Money:
    """What came in and what went out, in minor units of the order's currency."""

    price: int
    accepted: int
    refunded: int
    disputed: bool
    lost: int

    @property
    def is_back(self) -> bool:
        """Whether nothing of the price is left here."""
        return self.refunded > 0 and self.accepted - self.refunded <= 0

    @property
    def is_lost(self) -> bool:
        return self.lost > 0 and self.accepted - self.refunded - self.lost <= 0

    @property
    def is_partly_back(self) -> bool:
        """Whether less than the price is left here. A second payment that went back took nothing away."""
        gone = self.refunded + self.lost
        return gone > 0 and self.accepted - gone < self.price


def derive(order: Order) -> Outcome:
    """What the order is, gives and owes. Makes no query and changes nothing."""
    review = _review(order)
    is_paid = order.is_free or (review is None and any(p.has_succeeded for p in order.payments))
    money = _money(order)
    if review is not None and money.is_back:
        # What was paid wrongly went back whole: nobody has to decide about it any more.
        return Outcome(OrderStatus.REFUNDED, None, False, {}, frozenset(_messages(order, is_paid=False)))
    status = _status_of_served(order, money) if is_paid else _status_of_unserved(order, review)
    grants: dict[UUID, GrantState] = {}
    if is_paid:
        grants = {line.id: _grant_state(order, line, money) for line in order.lines if line.grants_access}
    return Outcome(status, review, is_paid, grants, frozenset(_messages(order, is_paid=is_paid)))


def _review(order: Order) -> ReviewReason | None:
    """Why what was paid is not what was asked; `None` once any payment is right, or a person said so."""
    succeeded = [payment for payment in order.payments if payment.has_succeeded]
    reasons = [_mismatch(order, payment) for payment in succeeded]
    if order.review_released_at is not None or None in reasons:
        return None
    return reasons[0] if reasons else None


def _mismatch(order: Order, payment: Payment) -> ReviewReason | None:
    if payment.currency != order.currency:
        return ReviewReason.CURRENCY_MISMATCH
    if payment.amount_received != order.amount:
        return ReviewReason.AMOUNT_MISMATCH
    return None


def _money(order: Order) -> Money:
    disputed, lost = disputes.open_amounts(order)
    return Money(
        price=order.amount,
        accepted=sum(payment.amount_received for payment in order.payments if payment.has_succeeded),
        refunded=refunds.refunded_amount(order),
        disputed=disputed,
        lost=lost,
    )


def _status_of_served(order: Order, money: Money) -> OrderStatus:
    if order.is_free:
        return OrderStatus.COMPLETED
    if money.disputed or money.is_lost:
        return OrderStatus.DISPUTED
    if money.is_back:
        return OrderStatus.REFUNDED
    return OrderStatus.PARTIALLY_REFUNDED if money.is_partly_back else OrderStatus.COMPLETED


def _status_of_unserved(order: Order, review: ReviewReason | None) -> OrderStatus:
    open_payments = [payment for payment in order.payments if payment.state is PaymentState.OPEN]
    if review is not None or any(payments.has_open_try(order, payment) for payment in open_payments):
        return OrderStatus.PROCESSING
    if open_payments:
        tried = {decline.payment_id for decline in order.declines}
        return (
            OrderStatus.FAILED
            if any(payment.id in tried for payment in open_payments)
            else OrderStatus.PENDING
        )
    if order.payments:
        return OrderStatus.CANCELLED
    if order.requests and not order.requests[-1].is_live and order.requests[-1].refusal:
        return OrderStatus.FAILED
    return OrderStatus.PENDING


def _grant_state(order: Order, line: OrderLine, money: Money) -> GrantState:
    if order.is_free:
        return GrantState(active=True, reason=GrantReason.FREE)
    if money.is_back:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    if money.is_lost:
        return GrantState(active=False, reason=GrantReason.DISPUTE_LOST)
    if money.disputed:
        return GrantState(active=False, reason=GrantReason.DISPUTED)
    if money.is_partly_back and line.on_partial_refund is PartialRefundPolicy.REVOKE:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    return GrantState(active=True, reason=GrantReason.PAID)


def _messages(order: Order, *, is_paid: bool) -> Iterable[tuple[MessageKind, str]]:
    for dispute in order.disputes:
        # A question that becomes a dispute is news: the team is told of both, each once.
        if dispute.was_inquiry:
            yield MessageKind.DISPUTE_ALERT, f"{outbox.INQUIRY}{dispute.stripe_dispute_id}"
        if not dispute.status.is_inquiry:
            yield MessageKind.DISPUTE_ALERT, dispute.stripe_dispute_id
    if order.customer_email is None:
        return
    if is_paid:
        yield MessageKind.ORDER_CONFIRMATION, ""
    for decline in order.declines:
        yield MessageKind.PAYMENT_FAILED, decline.subject
    for refund in order.refunds:
        if refund.has_succeeded:
            yield MessageKind.ORDER_REFUNDED, refund.stripe_refund_id


def settle_order(order: Order, *, actor: str) -> bool:
    """Write down what follows from the facts on a locked order; `True` if a message is newly owed.

    The caller wakes the outbox, as the last thing in its transaction.
    """
    outcome = derive(order)
    now = utc_now()
    _write_status(order, outcome, actor=actor, now=now)
    _write_grants(order, outcome.grants, actor=actor, now=now)
    # Every one is written, also where an earlier one is: no short cut.
    owed = [outbox.owe(order, kind, subject) for kind, subject in sorted(outcome.messages)]
    _alert(order, outcome)
    if refunds.has_unknown_refunds(order):
        checks.schedule_at_once(order, now)
    checks.schedule_sooner(order, now)
    return any(owed)


def _write_status(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    if outcome.is_paid and order.completed_at is None:
        order.completed_at = now
    if (order.status, order.review_reason) == (outcome.status, outcome.review):
        return
    if order.status is not outcome.status:
        audit.record(
            order.tenant_id,
            actor=actor,
            action=f"order_{outcome.status}",
            subject=f"order:{order.id}",
            before=str(order.status),
        )
    order.status = outcome.status
    order.review_reason = outcome.review
    order.updated_at = now
    log.info(
        "order_settled", order_id=str(order.id), order_number=order.order_number, status=str(order.status)
    )


def _write_grants(order: Order, states: dict[UUID, GrantState], *, actor: str, now: datetime) -> None:
    known = {grant.order_line_id: grant for grant in order.grants}
    for line in order.lines:
        state = states.get(line.id)
        grant = known.get(line.id)
        if state is None:
            continue
        if grant is None:
            grant = AccessGrant(
                order_line_id=line.id,
                customer_id=order.customer_id,
                product_id=line.product_id,
                level_number=line.level_number,
                active=state.active,
                reason=state.reason,
                granted_at=now,
                revoked_at=None if state.active else now,
            )
            order.grants.append(grant)
        elif (grant.active, grant.reason) == (state.active, state.reason):
            continue
        else:
            grant.active, grant.reason = state.active, state.reason
            grant.revoked_at = None if state.active else (grant.revoked_at or now)
        audit.record(
            order.tenant_id,
            actor=actor,
            action="access_granted" if state.active else "access_revoked",
            subject=f"order:{order.id}",
            product=line.product_id,
            reason=str(state.reason),
        )


def _alert(order: Order, outcome: Outcome) -> None:
    if outcome.review is not None:
        alerts.raise_alert(
            order.tenant_id, kind="payment_mismatch", subject=order.order_number, reason=str(outcome.review)
        )
    if sum(payment.has_succeeded for payment in order.payments) > 1:
        alerts.raise_alert(order.tenant_id, kind="paid_twice", subject=order.order_number)
    for dispute in order.disputes:
        alerts.raise_alert(
            order.tenant_id,
            kind="inquiry" if dispute.status.is_inquiry else "dispute",
            subject=dispute.stripe_dispute_id,
            order_number=order.order_number,
            amount=dispute.amount,
            due_at=dispute.due_at.isoformat() if dispute.due_at else None,
        )

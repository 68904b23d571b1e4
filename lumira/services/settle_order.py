"""Settling: what an order is, gives and owes, derived from what is known of it.

`derive` is a pure function of the facts on a loaded order, in whatever order they were learned.
`settle_order` writes its result down; doing so twice changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.models import (
    AccessGrant,
    CheckoutSession,
    DisputeStatus,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    Payment,
    PaymentState,
    RefundOrigin,
    RefundStatus,
    ReleaseOnFailure,
    ReservationState,
    ReviewReason,
    SessionState,
)
from lumira.services import (
    alerts,
    audit,
    checks,
    deliverables,
    disputes,
    outbox,
    payments,
    refund_requests,
    refunds,
    stock,
)
from lumira.services.issue_receipts import issue_at_the_end

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
    #: For every product whose pieces are counted, what the order should have of them.
    stock: dict[str, ReservationState]
    #: Payments that go back by themselves, and why.
    returned: tuple[tuple[Payment, RefundOrigin], ...]
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
    def touches_anything(self) -> bool:
        """Whether anything went back or is disputed."""
        return self.disputed or self.refunded > 0 or self.lost > 0

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
        return _unserved(order, OrderStatus.REFUNDED, None)
    if not is_paid:
        return _unserved(order, _status_of_unserved(order, review), review)
    if order.sold_out_at is not None:
        # Paid too late, and nothing was left: all of it goes back, and until it has, nothing is promised.
        status = _status_of_served(order, money) if money.touches_anything else OrderStatus.PROCESSING
        back = tuple((p, RefundOrigin.SOLD_OUT) for p in order.payments if p.has_succeeded)
        return _unserved(order, status, None, returned=back)
    return Outcome(
        status=_status_of_served(order, money),
        review=review,
        is_paid=True,
        grants={line.id: _grant_state(order, line, money) for line in order.lines if line.grants_access},
        stock=_stock_of_served(order),
        returned=tuple((payment, RefundOrigin.SECOND_PAYMENT) for payment in _paid_in_excess(order)),
        messages=frozenset(_messages(order, is_paid=True)),
    )


def _unserved(
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
        stock=_stock_of_unserved(order, status),
        returned=returned,
        messages=frozenset(_messages(order, is_paid=False)),
    )


def _paid_in_excess(order: Order) -> list[Payment]:
    """Every payment but the one that paid for the order: the first that was right, else the first."""
    succeeded = [payment for payment in order.payments if payment.has_succeeded]
    kept = next((payment for payment in succeeded if _mismatch(order, payment) is None), None)
    return [payment for payment in succeeded if payment is not (kept or succeeded[0])]


def _stock_of_served(order: Order) -> dict[str, ReservationState]:
    """Sold; back on the shelf once every refund that makes up the price has succeeded, where the policy says so."""
    accepted = sum(payment.amount_received for payment in order.payments if payment.has_succeeded)
    back = sum(refund.amount for refund in order.refunds if refund.status is RefundStatus.SUCCEEDED)
    is_back = 0 < accepted <= back
    return {
        line.product_id: ReservationState.RELEASED
        if is_back and line.restock_on_refund
        else ReservationState.SOLD
        for line in order.lines
        if line.keeps_stock
    }


def _stock_of_unserved(order: Order, status: OrderStatus) -> dict[str, ReservationState]:
    is_over = status in (OrderStatus.CANCELLED, OrderStatus.REFUNDED) or order.sold_out_at is not None
    is_released = is_over or (status is OrderStatus.FAILED and _failure_releases(order))
    state = ReservationState.RELEASED if is_released else ReservationState.HELD
    return {line.product_id: state for line in order.lines if line.keeps_stock}


def _failure_releases(order: Order) -> bool:
    """Whether a failed try gives the pieces back now, rather than leave the buyer the time to try again."""
    payable, is_page_open = _payable(order), any(session.is_open for session in order.sessions)
    is_over = not payable or any(session.has_failed for session in order.sessions)
    return (
        (is_over and not is_page_open)
        or order.release_on_failure is ReleaseOnFailure.AT_ONCE
        or payments.has_failed_delayed(order, payable)
    )


def _payable(order: Order) -> list[Payment]:
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
    payable = _payable(order)
    is_under_way = any(payments.has_open_try(order, payment) for payment in payable)
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


def _grant_state(order: Order, line: OrderLine, money: Money) -> GrantState:
    # Money that is gone for good says more than a person's decision before or after it.
    if money.is_back:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    if money.is_lost:
        return GrantState(active=False, reason=GrantReason.DISPUTE_LOST)
    if _is_revoked_by_hand(order, line):
        return GrantState(active=False, reason=GrantReason.OPERATOR)
    if order.is_free:
        return GrantState(active=True, reason=GrantReason.FREE)
    if money.disputed:
        return GrantState(active=False, reason=GrantReason.DISPUTED)
    if money.is_partly_back and line.on_partial_refund is PartialRefundPolicy.REVOKE:
        return GrantState(active=False, reason=GrantReason.REFUNDED)
    return GrantState(active=True, reason=GrantReason.PAID)


def _is_revoked_by_hand(order: Order, line: OrderLine) -> bool:
    """Whether a person closed it: that holds whatever the money says, until a person restores it."""
    return any(
        grant.order_line_id == line.id and grant.revoked_by_hand_at is not None for grant in order.grants
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
            yield MessageKind.DISPUTE_ALERT, f"{outbox.INQUIRY}{dispute.stripe_dispute_id}"
        if not dispute.status.is_inquiry:
            yield MessageKind.DISPUTE_ALERT, dispute.stripe_dispute_id


def settle_order(order: Order, *, actor: str) -> bool:
    """Write down what follows from the facts on a locked order; `True` if a message is newly owed.

    The caller wakes the outbox, as the last thing in its transaction.
    """
    now = utc_now()
    was_served = order.completed_at is not None
    outcome = _with_pieces(order, derive(order), actor=actor, now=now)
    _write_status(order, outcome, actor=actor, now=now)
    restored = _restored_by_hand(order, outcome)
    _write_grants(order, outcome.grants, actor=actor, now=now)
    for payment, origin in outcome.returned:
        if refund_requests.decide(order, payment, origin=origin):
            _audit_return(order, payment, origin, actor=actor)
    # Every one is written, also where an earlier one is: no short cut.
    owed = [kind for kind, subject in sorted(outcome.messages) if outbox.owe(order, kind, subject)]
    if MessageKind.ACCESS_READY not in owed:
        # Else the letter about a dispute, passed over while a person kept it closed, leaves now and says the same.
        owed += _tell_restored(order, restored, now=now)
    if outcome.is_paid and not order.is_free:
        issue_at_the_end(order, is_new=not was_served)
    _alert(order, outcome)
    if refunds.has_unknown_refunds(order):
        checks.schedule_at_once(order, now)
    checks.schedule_sooner(order, now)
    return bool(owed)


def _with_pieces(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> Outcome:
    """Move the pieces; what follows if there are none left for an order that was paid after its hold."""
    if not outcome.stock or stock.move(order, outcome.stock, actor=actor) or not outcome.is_paid:
        return outcome
    if order.completed_at is not None:
        # It was served, its refund came to nothing, and its pieces are sold to somebody else: a person decides.
        alerts.raise_alert(order.tenant_id, kind="pieces_missing", subject=order.order_number)
        return outcome
    order.sold_out_at = now
    alerts.raise_alert(order.tenant_id, kind="sold_out_after_payment", subject=order.order_number)
    return derive(order)


def _audit_return(order: Order, payment: Payment, origin: RefundOrigin, *, actor: str) -> None:
    audit.record(
        order.tenant_id,
        actor=actor,
        action="refund_decided",
        subject=f"order:{order.id}",
        reason=str(origin),
        payment_intent_id=payment.stripe_payment_intent_id,
    )


def _write_status(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> None:
    if outcome.is_paid and order.completed_at is None:
        order.completed_at = now
    if (order.status, order.review_reason) == (outcome.status, outcome.review):
        return
    if order.review_reason is not None and outcome.review is None:
        alerts.resolve(order.tenant_id, kind="payment_mismatch", subject=order.order_number)
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
                expires_at=_end_of_access(order, line),
                includes_lower_levels=line.includes_lower_levels,
            )
            order.grants.append(grant)
            deliverables.begin(order, line)
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


def _restored_by_hand(order: Order, outcome: Outcome) -> list[AccessGrant]:
    """What a person had closed and gives back now: each time its buyer is told, where there is an address."""
    if order.customer_email is None:
        return []
    return [
        grant
        for grant in order.grants
        if grant.reason is GrantReason.OPERATOR
        and not grant.active
        and (state := outcome.grants.get(grant.order_line_id)) is not None
        and state.active
    ]


def _tell_restored(order: Order, restored: Sequence[AccessGrant], *, now: datetime) -> list[MessageKind]:
    kind = MessageKind.ACCESS_READY
    return [kind for grant in restored if outbox.owe(order, kind, f"{grant.id}:{now.isoformat()}")]


def _end_of_access(order: Order, line: OrderLine) -> datetime | None:
    """When what was sold for a time is over: counted from when it was served, as agreed when it was sold."""
    if line.access_days is None or order.completed_at is None:
        return None
    return order.completed_at + timedelta(days=line.access_days)


def _alert(order: Order, outcome: Outcome) -> None:
    if outcome.review is not None:
        alerts.raise_alert(
            order.tenant_id, kind="payment_mismatch", subject=order.order_number, reason=str(outcome.review)
        )
    if sum(payment.has_succeeded for payment in order.payments) > 1:
        alerts.raise_alert(order.tenant_id, kind="paid_twice", subject=order.order_number)
    for refund_id in _automatic_refunds_that_failed(order):
        alerts.raise_alert(
            order.tenant_id, kind="refund_failed", subject=refund_id, order_number=order.order_number
        )
    for dispute in order.disputes:
        alerts.raise_alert(
            order.tenant_id,
            kind="inquiry" if dispute.status.is_inquiry else "dispute",
            subject=dispute.stripe_dispute_id,
            order_number=order.order_number,
            amount=dispute.amount,
            due_at=dispute.due_at.isoformat() if dispute.due_at else None,
        )


def _automatic_refunds_that_failed(order: Order) -> list[str]:
    """Refunds that the house decided by itself, and decides only once: the buyer's money is here again."""
    automatic = {
        request.stripe_refund_id
        for request in order.refund_requests
        if request.origin is not RefundOrigin.ASKED
    }
    return [
        refund.stripe_refund_id
        for refund in order.refunds
        if refund.stripe_refund_id in automatic and not refund.is_live
    ]

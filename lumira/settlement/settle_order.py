"""Settling: what follows from the facts on an order is written; settling twice changes nothing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.domain import poll_schedule, refunds
from lumira.domain.outcome import GrantState, Outcome, derive
from lumira.models import (
    AccessGrant,
    AlertKind,
    Dispute,
    GrantReason,
    MessageKind,
    Order,
    OrderLine,
    Payment,
    RefundOrigin,
)
from lumira.repositories import alerts, audit, deliverables, order_polls, outbox, refund_requests, stock
from lumira.settlement.issue_receipts import issue_at_the_end
from lumira.settlement.link_customer import link_customer

log = structlog.get_logger()


def settle_order(order: Order, *, actor: str) -> None:
    """Write all that follows from the facts on a locked order.

    Links the customer; writes status, grants, stock, automatic refunds, receipts, messages and alerts; schedules the
    job that sends the messages, and the next poll. The only writer of these. Safe to repeat. The caller locks the
    order, records its facts, and calls this in the same transaction.
    """
    now = utc_now()
    link_customer(order)
    was_served = order.completed_at is not None
    outcome = _with_pieces(order, derive(order), actor=actor, now=now)
    _write_status(order, outcome, actor=actor, now=now)
    restored = _restored_by_operator(order, outcome)
    _write_grants(order, outcome.grants, actor=actor, now=now)
    for payment, origin in outcome.returned:
        if refund_requests.decide(order, payment, origin=origin):
            _audit_return(order, payment, origin, actor=actor)
    _enqueue_messages(order, outcome, restored, now=now)
    if outcome.is_paid and not order.is_free:
        issue_at_the_end(order, is_new=not was_served)
    _alert(order, outcome)
    _schedule_poll(order, now)


def _enqueue_messages(
    order: Order, outcome: Outcome, restored: Sequence[AccessGrant], *, now: datetime
) -> None:
    enqueued = {kind for kind, subject in sorted(outcome.messages) if outbox.enqueue(order, kind, subject)}
    if MessageKind.ACCESS_READY in enqueued:
        # The message about a dispute that was won, superseded while an operator kept access closed, says the same.
        return
    for grant in restored:
        outbox.enqueue(order, MessageKind.ACCESS_READY, f"{grant.id}:{now.isoformat()}")


def _schedule_poll(order: Order, now: datetime) -> None:
    """Schedule the first poll of an open order, or bring the next one forward; only the poller postpones one."""
    if refunds.has_unknown_refunds(order):
        order_polls.schedule_at_once(order, now)
    if order.next_poll_at is None and poll_schedule.is_open(order):
        order_polls.schedule(order, now)
    else:
        order_polls.schedule_sooner(order, now)


def _with_pieces(order: Order, outcome: Outcome, *, actor: str, now: datetime) -> Outcome:
    """Move the pieces; what follows if there are none left for an order that was paid after its hold."""
    if not outcome.stock or stock.move(order, outcome.stock, actor=actor) or not outcome.is_paid:
        return outcome
    if order.completed_at is not None:
        # It was served, its refund came to nothing, and its pieces are sold to somebody else: a person decides.
        alerts.raise_alert(order.tenant_id, kind=AlertKind.STOCK_MISSING, subject=order.order_number)
        return outcome
    order.sold_out_at = now
    alerts.raise_alert(order.tenant_id, kind=AlertKind.SOLD_OUT_AFTER_PAYMENT, subject=order.order_number)
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
        alerts.resolve(order.tenant_id, kind=AlertKind.PAYMENT_MISMATCH, subject=order.order_number)
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
            deliverables.create_for_line(order, line)
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


def _restored_by_operator(order: Order, outcome: Outcome) -> list[AccessGrant]:
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


def _end_of_access(order: Order, line: OrderLine) -> datetime | None:
    """When what was sold for a time is over: counted from when it was served, as agreed when it was sold."""
    if line.access_days is None or order.completed_at is None:
        return None
    return order.completed_at + timedelta(days=line.access_days)


def _alert(order: Order, outcome: Outcome) -> None:
    if outcome.review is not None:
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.PAYMENT_MISMATCH,
            subject=order.order_number,
            reason=str(outcome.review),
        )
    if sum(payment.has_succeeded for payment in order.payments) > 1:
        alerts.raise_alert(
            order.tenant_id, kind=AlertKind.DUPLICATE_PAYMENT, subject=order.order_number, once=True
        )
    for refund_id in _automatic_refunds_that_failed(order):
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.REFUND_FAILED,
            subject=refund_id,
            once=True,
            order_number=order.order_number,
        )
    for dispute in order.disputes:
        _alert_to_dispute(order, dispute)


def _alert_to_dispute(order: Order, dispute: Dispute) -> None:
    """There is something to answer until it is decided; a question that became a dispute is none any more."""
    subject = dispute.stripe_dispute_id
    kind = AlertKind.INQUIRY if dispute.status.is_inquiry else AlertKind.DISPUTE
    alerts.raise_alert(
        order.tenant_id,
        kind=kind,
        subject=subject,
        once=True,
        order_number=order.order_number,
        amount=dispute.amount,
        due_at=dispute.due_at.isoformat() if dispute.due_at else None,
    )
    if dispute.status.is_decided:
        alerts.resolve(order.tenant_id, kind=kind, subject=subject)
    if dispute.was_inquiry and not dispute.status.is_inquiry:
        alerts.resolve(order.tenant_id, kind=AlertKind.INQUIRY, subject=subject)


def _automatic_refunds_that_failed(order: Order) -> list[str]:
    """Refunds that the house decided by itself, and decides only once: the buyer's money is here again."""
    automatic = {
        request.stripe_refund_id
        for request in order.refund_requests
        if request.origin is not RefundOrigin.REQUESTED
    }
    return [
        refund.stripe_refund_id
        for refund in order.refunds
        if refund.stripe_refund_id in automatic and not refund.is_live
    ]

"""Polling Stripe about one order, to record what no webhook reported.

One transaction reads what to look up, Stripe is called with no transaction open, and a second transaction records
the result. If the process is killed in between, the next poll does the same again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import disputes, fraud_warnings, payments, refunds
from lumira.domain.checkout_sessions import SessionMismatch, record_buyer, record_session
from lumira.domain.order_status import is_closed, is_money_under_way, may_be_orphaned, payable_payments
from lumira.domain.payments import PaymentMismatch
from lumira.domain.poll_schedule import is_abandoned, is_closed_unpaid
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.objects import (
    MalformedObject,
    read_buyer_email,
    read_dispute,
    read_fraud_warning,
    read_intent,
    read_refund,
    read_session,
)
from lumira.domain.stripe.requests import Refusal
from lumira.errors.stripe import StripePermissionMissing
from lumira.models import AlertKind, MessageKind, Order, OrderStatus
from lumira.reconciliation import transfers
from lumira.reconciliation.listing import Listed
from lumira.reconciliation.look_up_payments import retry_parked_events
from lumira.reconciliation.poll_plan import PollPlan, can_look_up, make_plan
from lumira.reconciliation.stripe_state import StripeState, fetch_and_close
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.messages import outbox
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.settlement.settle_order import settle_order

log = structlog.get_logger()

ACTOR = "reconciliation"
_NEVER_OPENED = "No payment was ever opened for this order."


def poll_order(
    tenant_id: int,
    account: StripeAccount | None,
    order_id: UUID,
    *,
    listed: Listed | None = None,
    on_missing_permission: Callable[[StripePermissionMissing], None] = lambda _: None,
) -> bool | None:
    """Record what Stripe holds about one order; returns whether that repaired it, `None` if nothing was looked up.

    What the key may not read is left out and passed to `on_missing_permission`. Raises what else the Stripe client
    raises; the lease of `order_polls.claim_due` then makes the order due again.
    """
    plan = _plan(tenant_id, account, order_id)
    if plan is None or account is None:
        return None
    state = fetch_and_close(account, plan, usable(listed, plan))
    for error in state.forbidden:
        on_missing_permission(error)
    is_repaired = record(tenant_id, plan, state)
    if intent_ids := ids_of(state):
        retry_parked_events(tenant_id, intent_ids)
    return is_repaired


def usable(listed: Listed | None, plan: PollPlan) -> Listed | None:
    """Return the listing, if it may stand for what a plan reads.

    It is older than the plan, so it cannot show that an attempt has ended which the plan knows.
    """
    return None if any(plan.open_attempts.values()) else listed


def ids_of(state: StripeState) -> list[str]:
    """Return the ids of the payments that were read."""
    return [intent["id"] for intent in state.intents if isinstance(intent.get("id"), str)]


@retried
def _plan(tenant_id: int, account: StripeAccount | None, order_id: UUID) -> PollPlan | None:
    """Return what to look up; `None` if the tenant's key has no access to the order's objects, or there are none."""
    now = utc_now()
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        if can_look_up(order, account):
            return make_plan(order, now)
        _close_unreachable(order, account, now)
        order_polls.schedule(order, now)
        return None


def _close_unreachable(order: Order, account: StripeAccount | None, now: datetime) -> None:
    """Close an abandoned order of which nothing can be looked up, and so release its stock.

    Either the process died before it called Stripe, or the payment is of another mode than the tenant's key. Money
    that is under way is awaited, because the key may be set for a moment only; that of test mode ends with a live key.
    """
    before = order.status
    is_test_over = account is not None and account.livemode and not order.livemode
    if is_abandoned(order, now) and (is_test_over or not _awaits_money(order, now)):
        order.closed_at = now
        settle_order(order, actor=ACTOR)
        _audit(order, "order_abandoned", before=before)
    elif order.status is OrderStatus.CANCELLED and order.reserved_until is not None:
        # A retry reserved stock for the closed order and ended before it requested a payment.
        settle_order(order, actor=ACTOR)


@retried
def record(tenant_id: int, plan: PollPlan, state: StripeState, *, actor: str = ACTOR) -> bool:
    """Record Stripe's state on the order and settle it; returns whether that repaired the order."""
    with atomic(tenant_id):
        now = utc_now()
        order = orders.lock_order(tenant_id, plan.order_id)
        recorded = record_facts(order, plan, state, now)
        settle_order(order, actor=actor)
        return finish(order, plan, recorded, now)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What an order was before Stripe's state was recorded, and whether that closed it."""

    facts_before: tuple[object, ...]
    status_before: OrderStatus
    has_closed: bool


def record_facts(order: Order, plan: PollPlan, state: StripeState, now: datetime) -> Recorded:
    """Record Stripe's state on a locked order, which is settled next."""
    facts_before, status_before = _facts(order), order.status
    for intent in state.intents:
        if intent.get("status") == "requires_payment_method":
            payments.end_attempts(order, intent["id"], plan.open_attempts.get(intent["id"], ()))
    _record_state(order, state, now)
    transfers.extend_reservations(order)
    has_closed = _close(order, plan, state, now) or state.has_closed_payment
    return Recorded(facts_before, status_before, has_closed)


def finish(order: Order, plan: PollPlan, recorded: Recorded, now: datetime) -> bool:
    """Schedule the next poll of the settled order and audit what changed; returns whether the poll repaired it."""
    order_polls.schedule(order, now)
    is_changed = _facts(order) != recorded.facts_before
    is_closed_now = recorded.has_closed and is_closed_unpaid(order)
    # A cancellation by an operator is recorded by settling.
    if is_changed and not plan.closes_here:
        action = "order_abandoned" if is_closed_now else "order_repaired"
        _audit(order, action, before=recorded.status_before)
    return is_changed and not is_closed_now


def _close(order: Order, plan: PollPlan, state: StripeState, now: datetime) -> bool:
    """Record that nothing can pay the order any more, where that is known here; returns whether that is new."""
    if any(payment.has_succeeded for payment in order.payments):
        return False
    is_transfer_overdue = plan.is_transfer_overdue and transfers.is_overdue(order, now)
    if is_transfer_overdue or (plan.is_transfer_overdue and state.has_closed_payment):
        alerts.raise_alert(
            order.tenant_id, kind=AlertKind.TRANSFER_NOT_RECEIVED, subject=order.order_number, once=True
        )
        if order.customer_email is not None:
            outbox.enqueue(order, MessageKind.TRANSFER_NOT_RECEIVED)
    is_unknown = plan.is_abandoned and _is_unknown_at_stripe(order, state) and not _awaits_money(order, now)
    if plan.closes_here or is_transfer_overdue or is_unknown:
        is_new = not is_closed(order)
        order.closed_at = now if is_new else order.closed_at
        return is_new
    return _close_unopened_request(order, plan, state)


def _awaits_money(order: Order, now: datetime) -> bool:
    """Whether the order is paid, money for it is under way, or the last day of its bank transfer has not passed."""
    until = transfers.last_day(order)
    is_paid = any(payment.has_succeeded for payment in order.payments)
    return is_paid or is_money_under_way(order) or (until is not None and until > now)


def _is_unknown_at_stripe(order: Order, state: StripeState) -> bool:
    """Whether Stripe knows nothing that could pay the order: it belongs to another account of Stripe."""
    open_ids = {payment.stripe_payment_intent_id for payment in payable_payments(order)}
    open_ids |= {s.stripe_session_id for s in order.sessions if s.is_open or s.is_awaited}
    return bool(open_ids) and open_ids <= set(state.missing)


def _record_state(order: Order, state: StripeState, now: datetime) -> None:
    for session in state.sessions:
        _record_object(
            order,
            session,
            lambda order, found: record_session(
                order, read_session(found), now=now, has_failed=_has_failed(found, state.intents)
            ),
        )
    for intent in state.intents:
        _record_object(
            order, intent, lambda order, found: payments.record_state(order, read_intent(found), now=now)
        )
    for refund in state.refunds:
        _record_object(
            order, refund, lambda order, found: refunds.record_refund(order, read_refund(found), now=now)
        )
    for dispute in state.disputes:
        _record_object(
            order, dispute, lambda order, found: disputes.record_dispute(order, read_dispute(found))
        )
    for warning in state.fraud_warnings:
        _record_object(
            order,
            warning,
            lambda order, found: fraud_warnings.record_fraud_warning(order, read_fraud_warning(found)),
        )
    for charge in state.charges:
        record_buyer(order, read_buyer_email(charge))
    for stripe_id in state.missing:
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.PAYMENT_MISSING_AT_STRIPE,
            subject=stripe_id,
            order_number=order.order_number,
            # A closed order is polled on because money may still arrive; its alert says nothing new.
            once=is_closed(order),
        )


def _has_failed(session: Mapping[str, Any], intents: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the delayed payment of a completed session failed: its intent was fetched after it."""
    is_awaited = (session.get("status"), session.get("payment_status")) == ("complete", "unpaid")
    return is_awaited and any(
        intent.get("id") == session.get("payment_intent")
        and intent.get("status") in ("requires_payment_method", "canceled")
        for intent in intents
    )


def _record_object(
    order: Order,
    stripe_object: Mapping[str, Any],
    record: Callable[[Order, Mapping[str, Any]], None],
) -> None:
    """Record one object; one that is malformed, or of another amount, must not stop the others."""
    try:
        record(order, stripe_object)
    except (MalformedObject, PaymentMismatch, SessionMismatch) as error:
        log.warning("stripe_object_rejected", order_number=order.order_number, error=str(error))


def _close_unopened_request(order: Order, plan: PollPlan, state: StripeState) -> bool:
    """Close the request of an abandoned order for which Stripe holds no payment; returns whether it was closed.

    If the buyer tries again, a new request is made.
    """
    if plan.orphaned_request_id is None or not plan.is_abandoned or state.forbidden or not state.is_read:
        return False
    newest = order.requests[-1]
    # During the calls the buyer's retry may have received its response, or have made a new request.
    if newest.id != plan.orphaned_request_id or not may_be_orphaned(order):
        return False
    stripe_requests.mark_refused(newest, Refusal("abandoned", _NEVER_OPENED), now=utc_now())
    return True


def _audit(order: Order, action: str, *, before: OrderStatus) -> None:
    audit.record(
        order.tenant_id,
        actor=ACTOR,
        action=action,
        subject=f"order:{order.id}",
        before=str(before),
        after=str(order.status),
    )
    log.warning(action, order_number=order.order_number, status=str(order.status))


def _facts(order: Order) -> tuple[object, ...]:
    """Return everything about the order that a repair changes, for comparison."""
    return (
        order.status,
        order.review_reason,
        order.customer_email,
        {(item.stripe_payment_intent_id, item.state, item.amount_received) for item in order.payments},
        {(item.stripe_session_id, item.state, item.is_paid) for item in order.sessions},
        {item.subject for item in order.declines},
        {(item.stripe_refund_id, item.status, item.has_succeeded) for item in order.refunds},
        {(item.stripe_dispute_id, item.status, item.movements) for item in order.disputes},
        {(item.stripe_fraud_warning_id, item.actionable) for item in order.fraud_warnings},
        {(item.order_line_id, item.active) for item in order.grants},
        {(item.product_id, item.state) for item in order.reservations},
        order.promotion_use,
    )

"""Reconciliation: what Stripe did not get told to us is asked for, and goes through the same doors.

Events are pulled from a watermark with an overlap into the inbox. Orders that are not final are re-read, and
paid ones are asked about for their refunds and disputes, with growing intervals and an end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import StripeConfigError, StripeUnavailable
from lumira.models import Order, PaymentState, RequestState
from lumira.services import audit, checks, disputes, events, orders, outbox, payments, refunds, tenants
from lumira.services.payments import PaymentMismatch
from lumira.services.read_stripe import MalformedObject, read_dispute, read_intent, read_refund
from lumira.services.settle_order import settle_order
from lumira.webhooks import (
    enquiry,
    handlers,  # noqa: F401 - importing the handlers registers their types
    inbox,
)
from lumira.webhooks.registry import handled_types

log = structlog.get_logger()

#: Events are asked for once more this long after they were: Stripe's list may be late.
OVERLAP = timedelta(minutes=5)
#: A webhook gets this long to arrive by itself.
GRACE = timedelta(seconds=30)
#: Stripe lists events of the last 30 days only.
FURTHEST = timedelta(days=30)
#: How far back the first pull of a tenant goes.
FIRST_PULL = timedelta(days=3)
#: Orders asked about in one run of one tenant: with two or three calls each, well within Stripe's limits.
CHECKS_A_RUN = 50
_ACTOR = "reconciliation"
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")


@dataclass(slots=True)
class Findings:
    """What one run did for one tenant."""

    events_recovered: int = 0
    payments_decided: int = 0
    orders_checked: int = 0
    orders_repaired: int = 0
    stripe_answered: bool = True


@dataclass(frozen=True, slots=True)
class _Question:
    """What to ask about one order; ids and values, because the network comes next."""

    order_id: UUID
    order_number: str
    created_at: datetime
    payment_intent_ids: tuple[str, ...]
    is_paid: bool
    is_abandoned: bool
    #: A PaymentIntent may exist whose id was lost before it could be kept.
    may_be_orphaned: bool
    stripe_customer_id: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Stripe said, as it said it."""

    intents: tuple[Mapping[str, Any], ...] = ()
    refunds: tuple[Mapping[str, Any], ...] = ()
    disputes: tuple[Mapping[str, Any], ...] = ()


def reconcile(
    tenant_id: int, *, since: timedelta | None = None, is_stopping: Callable[[], bool] = lambda: False
) -> Findings:
    """Ask Stripe what is missing here; Stripe being down is no error, only later."""
    findings = Findings()
    with atomic(tenant_id):
        account = tenants.find_stripe_account(tenant_id)
    if account is None:
        return findings
    try:
        findings.events_recovered = pull_events(tenant_id, account, since=since)
        findings.payments_decided = enquiry.enquire(tenant_id)
        _check_orders(tenant_id, account, findings, is_stopping)
    except (StripeUnavailable, StripeConfigError, stripe_client.StripeRefused) as error:
        findings.stripe_answered = False
        log.warning("reconciliation_postponed", tenant=account.tenant_slug, error=type(error).__name__)
    return findings


def pull_events(tenant_id: int, account: tenants.StripeAccount, *, since: timedelta | None = None) -> int:
    """Put every acting event since the watermark into the inbox; how many were new there."""
    until = utc_now() - GRACE
    with atomic(tenant_id):
        pulled_until = tenants.get(tenant_id).events_pulled_until
    begin = pulled_until - OVERLAP if pulled_until else until - FIRST_PULL
    if since is not None:
        begin = until - since
    begin = max(begin, utc_now() - FURTHEST)
    recovered = [
        event
        for event in stripe_client.list_events(account, types=handled_types(), since=begin, until=until)
        if inbox.store(tenant_id, _as_delivered(event, account))
    ]
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        # Only forward: a run that was asked to look further back has not seen more of the present.
        tenant.events_pulled_until = max(tenant.events_pulled_until or begin, until)
        for event in recovered:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="event_recovered",
                subject=f"event:{event['id']}",
                type=event["type"],
            )
    if recovered:
        log.warning("events_recovered", tenant=account.tenant_slug, events=len(recovered))
    return len(recovered)


def _as_delivered(event: dict[str, Any], account: tenants.StripeAccount) -> dict[str, Any]:
    """The event as its webhook would have brought it: with the account that it is of, for Connect."""
    return event if account.stripe_account is None else {"account": account.stripe_account, **event}


def _check_orders(
    tenant_id: int, account: tenants.StripeAccount, findings: Findings, is_stopping: Callable[[], bool]
) -> None:
    with atomic(tenant_id):
        due = checks.take_due(tenant_id, utc_now(), limit=CHECKS_A_RUN)
    for order_id in due:
        if is_stopping():
            return
        question = _question(tenant_id, order_id)
        answer = _ask(account, question)
        findings.orders_checked += 1
        findings.orders_repaired += _record(tenant_id, question, answer)


def _question(tenant_id: int, order_id: UUID) -> _Question:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        last = order.requests[-1] if order.requests else None
        return _Question(
            order_id=order.id,
            order_number=order.order_number,
            created_at=order.created_at,
            payment_intent_ids=tuple(payment.stripe_payment_intent_id for payment in order.payments),
            is_paid=any(payment.has_succeeded for payment in order.payments),
            is_abandoned=checks.is_abandoned(order, utc_now()),
            may_be_orphaned=not order.payments
            and last is not None
            and last.state in (RequestState.FROZEN, RequestState.UNKNOWN),
            stripe_customer_id=last.parameters.get("customer") if last else None,
        )


def _ask(account: tenants.StripeAccount, question: _Question) -> _Answer:
    """The network, between two transactions."""
    if question.may_be_orphaned:
        found = stripe_client.find_payment_intent(
            account,
            order_number=question.order_number,
            created_after=question.created_at,
            stripe_customer_id=question.stripe_customer_id,
        )
        intents = [found] if found else []
    else:
        intents = [stripe_client.get_payment_intent(account, known) for known in question.payment_intent_ids]
    if question.is_abandoned:
        intents = [_give_up(account, intent) for intent in intents]
    if not question.is_paid and not any(intent["status"] == "succeeded" for intent in intents):
        return _Answer(tuple(intents))
    paid = [intent["id"] for intent in intents]
    return _Answer(
        tuple(intents),
        tuple(refund for known in paid for refund in stripe_client.list_refunds(account, known)),
        tuple(dispute for known in paid for dispute in stripe_client.list_disputes(account, known)),
    )


def _give_up(account: tenants.StripeAccount, intent: dict[str, Any]) -> dict[str, Any]:
    """Close an intent that nobody paid; one that was paid just now is as Stripe says then."""
    if intent["status"] not in _CANCELABLE:
        return intent
    try:
        return stripe_client.cancel_payment_intent(
            account, intent["id"], key=f"lumira-abandon-{intent['id']}"
        )
    except stripe_client.StripeRefused:
        return stripe_client.get_payment_intent(account, intent["id"])


def _record(tenant_id: int, question: _Question, answer: _Answer) -> bool:
    """Note what Stripe said on the order, through the same settling as events; whether that changed it."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, question.order_id)
        before = _snapshot(order)
        for intent in answer.intents:
            _note(order, intent, lambda order, told: payments.record_state(order, read_intent(told)))
        for refund in answer.refunds:
            _note(order, refund, lambda order, told: refunds.record_refund(order, read_refund(told)))
        for dispute in answer.disputes:
            _note(order, dispute, lambda order, told: disputes.record_dispute(order, read_dispute(told)))
        owes = settle_order(order, actor=_ACTOR)
        checks.schedule(order, utc_now())
        is_repaired = _snapshot(order) != before
        if is_repaired:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="order_repaired",
                subject=f"order:{order.id}",
                before=str(before[0]),
                after=str(order.status),
            )
            log.warning("order_repaired", order_number=order.order_number, status=str(order.status))
        known = [payment.stripe_payment_intent_id for payment in order.payments]
        if events.unpark(tenant_id, known):
            events.wake(tenant_id)
        if owes:
            outbox.wake(tenant_id)
        return is_repaired


def _snapshot(order: Order) -> tuple[object, ...]:
    """What a repair would change."""
    return (
        order.status,
        sorted((payment.stripe_payment_intent_id, str(payment.state)) for payment in order.payments),
        sorted((refund.stripe_refund_id, str(refund.status)) for refund in order.refunds),
        sorted((dispute.stripe_dispute_id, str(dispute.status)) for dispute in order.disputes),
        any(payment.state is PaymentState.SUCCEEDED for payment in order.payments),
    )


def _note(order: Order, told: Mapping[str, Any], record: Callable[[Order, Mapping[str, Any]], None]) -> None:
    try:
        record(order, told)
    except (MalformedObject, PaymentMismatch) as error:
        log.warning("stripe_told_nonsense", order_number=order.order_number, error=str(error))

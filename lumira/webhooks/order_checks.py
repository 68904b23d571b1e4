"""Asking Stripe about one order: what no event told is read where it stands.

A question is put together in one transaction, asked in none, and its answer recorded in another: killed in
between, the same question is simply asked again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.models import Order, OrderStatus
from lumira.services import alerts, audit, checks, disputes, orders, outbox, payments, refunds, tenants
from lumira.services.payments import PaymentMismatch
from lumira.services.read_stripe import MalformedObject, read_dispute, read_intent, read_refund
from lumira.services.settle_order import settle_order
from lumira.webhooks.enquiry import let_waiting_go_on

log = structlog.get_logger()

_ACTOR = "reconciliation"
_CANCELABLE = ("requires_payment_method", "requires_confirmation", "requires_action")
#: A buyer who was shown a voucher or a bank account may still be on the way to pay it, for days.
_PAID_ELSEWHERE = ("display_bank_transfer_instructions", "verify_with_microdeposits")
_VOUCHER = "_display_details"
_NEVER_OPENED = "No payment was ever opened for this order."


@dataclass(frozen=True, slots=True)
class _Question:
    """What to ask about one order; ids and values, because the network comes next."""

    order_id: UUID
    order_number: str
    created_at: datetime
    payment_intent_ids: tuple[str, ...]
    #: For each payment the tries that were seen under way before Stripe was asked.
    tries: Mapping[str, tuple[str, ...]]
    #: How often the order was asked about: part of the key of what is sent only once each time.
    checks: int
    is_abandoned: bool
    #: The request whose PaymentIntent may exist although its id was lost before it could be kept.
    orphaning_request_id: UUID | None
    stripe_customer_id: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Stripe said, as it said it."""

    intents: tuple[Mapping[str, Any], ...] = ()
    refunds: tuple[Mapping[str, Any], ...] = ()
    disputes: tuple[Mapping[str, Any], ...] = ()
    #: Payments of ours that Stripe does not know.
    missing: tuple[str, ...] = ()
    #: Whether an intent was canceled just now, because nobody paid it.
    gave_up: bool = False


def check_order(tenant_id: int, account: tenants.StripeAccount, order_id: UUID) -> bool | None:
    """Ask Stripe about one order and record the answer; whether that repaired it, `None` if nothing was asked.

    Raises what the client raises; the order is asked about again in a while then.
    """
    question = _question(tenant_id, account, order_id)
    if question is None:
        return None
    answer = _ask(account, question)
    is_repaired = _record(tenant_id, question, answer)
    known = [intent["id"] for intent in answer.intents if isinstance(intent.get("id"), str)]
    if known:
        let_waiting_go_on(tenant_id, known)
    return is_repaired


@retried
def _question(tenant_id: int, account: tenants.StripeAccount, order_id: UUID) -> _Question | None:
    """What is to be asked; `None` where this key has nothing to say about the order."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        last = order.requests[-1] if order.requests else None
        orphaning = last if last is not None and checks.may_be_orphaned(order) else None
        if order.livemode != account.livemode or not (order.payments or orphaning):
            checks.schedule(order, utc_now())
            return None
        return _Question(
            order_id=order.id,
            order_number=order.order_number,
            created_at=order.created_at,
            payment_intent_ids=tuple(payment.stripe_payment_intent_id for payment in order.payments),
            tries={known.stripe_payment_intent_id: tuple(known.tries) for known in order.payments},
            checks=order.checks,
            is_abandoned=checks.is_abandoned(order, utc_now()),
            orphaning_request_id=orphaning.id if orphaning else None,
            stripe_customer_id=orphaning.parameters.get("customer") if orphaning else None,
        )


def _ask(account: tenants.StripeAccount, question: _Question) -> _Answer:
    """The network, between two transactions."""
    intents, missing = _ask_for_intents(account, question)
    gave_up = False
    if question.is_abandoned:
        closed = [_give_up(account, intent, question.checks) for intent in intents]
        intents = [intent for intent, _ in closed]
        gave_up = any(is_canceled for _, is_canceled in closed)
    paid = [str(intent.get("id")) for intent in intents if intent.get("status") == "succeeded"]
    return _Answer(
        tuple(intents),
        tuple(refund for known in paid for refund in stripe_client.list_refunds(account, known)),
        tuple(dispute for known in paid for dispute in stripe_client.list_disputes(account, known)),
        tuple(missing),
        gave_up,
    )


def _ask_for_intents(
    account: tenants.StripeAccount, question: _Question
) -> tuple[list[dict[str, Any]], list[str]]:
    """The order's intents, and the ids of those that Stripe does not know."""
    if question.orphaning_request_id is not None:
        found = stripe_client.find_payment_intent(
            account,
            order_number=question.order_number,
            created_after=question.created_at,
            stripe_customer_id=question.stripe_customer_id,
        )
        return ([found] if found else []), []
    intents: list[dict[str, Any]] = []
    missing: list[str] = []
    for known in question.payment_intent_ids:
        try:
            intents.append(stripe_client.get_payment_intent(account, known))
        except stripe_client.StripeRefused as error:
            if error.code != "resource_missing":
                raise
            missing.append(known)
    return intents, missing


def _give_up(
    account: tenants.StripeAccount, intent: dict[str, Any], number: int
) -> tuple[dict[str, Any], bool]:
    """Close an intent that nobody paid; as Stripe has it then, and whether it was closed."""
    if intent.get("status") not in _CANCELABLE or _is_paid_elsewhere(intent):
        return intent, False
    try:
        canceled = stripe_client.cancel_payment_intent(
            account, intent["id"], key=f"lumira-abandon-{intent['id']}-{number}"
        )
    except stripe_client.StripeRefused:
        # Paid in the last second, or it cannot be closed like this: Stripe knows which.
        return stripe_client.get_payment_intent(account, intent["id"]), False
    return canceled, True


def _is_paid_elsewhere(intent: Mapping[str, Any]) -> bool:
    action = intent.get("next_action")
    kind = action.get("type") if isinstance(action, Mapping) else None
    return isinstance(kind, str) and (kind in _PAID_ELSEWHERE or kind.endswith(_VOUCHER))


@retried
def _record(tenant_id: int, question: _Question, answer: _Answer) -> bool:
    """Note what Stripe said on the order, through the same settling as events; whether that repaired it."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, question.order_id)
        before, status = _snapshot(order), order.status
        for intent in answer.intents:
            if intent.get("status") == "requires_payment_method":
                payments.end_tries(order, intent["id"], question.tries.get(intent["id"], ()))
        _note_answer(order, answer)
        is_given_up = answer.gave_up or (not answer.intents and _close_unopened(order, question))
        owes = settle_order(order, actor=_ACTOR)
        checks.schedule(order, utc_now())
        is_changed = _snapshot(order) != before
        is_given_up = is_given_up and checks.is_given_up(order)
        if is_changed:
            _audit(order, "order_abandoned" if is_given_up else "order_repaired", before=status)
        if owes:
            outbox.wake(tenant_id)
        return is_changed and not is_given_up


def _note_answer(order: Order, answer: _Answer) -> None:
    for intent in answer.intents:
        _note(order, intent, lambda order, told: payments.record_state(order, read_intent(told)))
    for refund in answer.refunds:
        _note(order, refund, lambda order, told: refunds.record_refund(order, read_refund(told)))
    for dispute in answer.disputes:
        _note(order, dispute, lambda order, told: disputes.record_dispute(order, read_dispute(told)))
    for payment_intent_id in answer.missing:
        alerts.raise_alert(
            order.tenant_id,
            kind="payment_missing_at_stripe",
            subject=payment_intent_id,
            order_number=order.order_number,
        )


def _note(order: Order, told: Mapping[str, Any], record: Callable[[Order, Mapping[str, Any]], None]) -> None:
    try:
        record(order, told)
    except (MalformedObject, PaymentMismatch) as error:
        log.warning("stripe_told_nonsense", order_number=order.order_number, error=str(error))


def _close_unopened(order: Order, question: _Question) -> bool:
    """After a day without an intent at Stripe the request is over, and a new try begins anew; whether so."""
    if question.orphaning_request_id is None or not question.is_abandoned:
        return False
    last = order.requests[-1]
    # Both may have changed while Stripe was asked: the buyer's retry may have been answered, or begun anew.
    if last.id != question.orphaning_request_id or not checks.may_be_orphaned(order):
        return False
    payments.mark_refused(last, code="abandoned", message=_NEVER_OPENED)
    return True


def _audit(order: Order, action: str, *, before: OrderStatus) -> None:
    audit.record(
        order.tenant_id,
        actor=_ACTOR,
        action=action,
        subject=f"order:{order.id}",
        before=str(before),
        after=str(order.status),
    )
    log.warning(action, order_number=order.order_number, status=str(order.status))


def _snapshot(order: Order) -> tuple[object, ...]:
    """What a repair would change."""
    return (
        order.status,
        order.review_reason,
        {(known.stripe_payment_intent_id, known.state, known.amount_received) for known in order.payments},
        {known.subject for known in order.declines},
        {(known.stripe_refund_id, known.status, known.has_succeeded) for known in order.refunds},
        {(known.stripe_dispute_id, known.status, known.movements) for known in order.disputes},
        {(known.order_line_id, known.active) for known in order.grants},
    )

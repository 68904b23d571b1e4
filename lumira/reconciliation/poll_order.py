"""Asking Stripe about one order: what no event told is read where it stands.

A question is put together in one transaction, asked in none, and its answer recorded in another: killed in
between, the same question is simply asked again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import disputes, payments, refunds
from lumira.domain.checkout_sessions import SessionMismatch
from lumira.domain.payments import PaymentMismatch
from lumira.domain.record_session import record_session
from lumira.domain.stripe_objects import MalformedObject, read_dispute, read_intent, read_refund, read_session
from lumira.models import Order, OrderStatus, PaymentRequest, RequestKind
from lumira.reconciliation.look_up_payments import let_waiting_go_on
from lumira.repositories import alerts, audit, order_polls, orders, outbox, tenants
from lumira.services.checkout.call_stripe import Lookup, close_session, find_at_stripe
from lumira.settlement.link_customer import link_customer
from lumira.settlement.settle_order import settle_order

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
    #: Checkout Sessions of which more may be told.
    session_ids: tuple[str, ...]
    #: For each payment the tries that were seen under way before Stripe was asked.
    attempts: Mapping[str, tuple[str, ...]]
    #: How often the order was asked about: part of the key of what is sent only once each time.
    polls: int
    is_abandoned: bool
    #: The request that may have been carried out although its answer was lost before it could be kept.
    orphaning_request_id: UUID | None
    look_up: Lookup | None
    kind: RequestKind


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Stripe said, as it said it."""

    sessions: tuple[Mapping[str, Any], ...] = ()
    intents: tuple[Mapping[str, Any], ...] = ()
    refunds: tuple[Mapping[str, Any], ...] = ()
    disputes: tuple[Mapping[str, Any], ...] = ()
    #: Payments and sessions of ours that Stripe does not know.
    missing: tuple[str, ...] = ()
    #: Whether something was closed just now, because nobody paid it.
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
    now = utc_now()
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        orphaning = order.requests[-1] if order_polls.may_be_orphaned(order) else None
        if order.livemode != account.livemode or not (order.payments or order.sessions or orphaning):
            _close_unasked(order, now)
            order_polls.schedule(order, now)
            return None
        return _Question(
            order_id=order.id,
            order_number=order.order_number,
            created_at=order.created_at,
            payment_intent_ids=tuple(payment.stripe_payment_intent_id for payment in order.payments),
            session_ids=tuple(s.stripe_session_id for s in order.sessions if s.is_open or s.is_awaited),
            attempts={known.stripe_payment_intent_id: tuple(known.attempts) for known in order.payments},
            polls=order.polls,
            is_abandoned=order_polls.is_abandoned(order, now),
            orphaning_request_id=orphaning.id if orphaning else None,
            look_up=_look_up(order, orphaning) if orphaning else None,
            kind=orphaning.kind if orphaning else RequestKind.PAYMENT_INTENT,
        )


def _look_up(order: Order, request: PaymentRequest) -> Lookup:
    return Lookup(order.order_number, order.created_at, request.parameters.get("customer"))


def _close_unasked(order: Order, now: datetime) -> None:
    """Give the pieces back where nothing was ever asked of Stripe, or only test money was meant.

    A process that died between opening the order and asking leaves no payment that could still come.
    """
    if order_polls.is_abandoned(order, now) and not order.payments and order.closed_at is None:
        order.closed_at = now
        settle_order(order, actor=_ACTOR)
        _audit(order, "order_abandoned", before=OrderStatus.PENDING)


def _ask(account: tenants.StripeAccount, question: _Question) -> _Answer:
    """The network, between two transactions."""
    sessions, missing = _ask_for_sessions(account, question)
    intents, unknown = _ask_for_intents(account, question, sessions)
    gave_up = False
    if question.is_abandoned:
        ended = [_end_session(account, session) for session in sessions]
        sessions = [session for session, _ in ended]
        # The payment of a page is closed with its page, and cannot be closed alone.
        of_pages = bool(sessions or question.session_ids)
        closed = [(i, False) if of_pages else _give_up(account, i, question.polls) for i in intents]
        intents = [intent for intent, _ in closed]
        gave_up = any(is_closed for _, is_closed in (*ended, *closed))
    paid = [str(intent.get("id")) for intent in intents if intent.get("status") == "succeeded"]
    return _Answer(
        tuple(sessions),
        tuple(intents),
        tuple(refund for known in paid for refund in stripe_client.list_refunds(account, known)),
        tuple(dispute for known in paid for dispute in stripe_client.list_disputes(account, known)),
        (*missing, *unknown),
        gave_up,
    )


def _ask_for_sessions(
    account: tenants.StripeAccount, question: _Question
) -> tuple[list[dict[str, Any]], list[str]]:
    """The order's sessions, and the ids of those that Stripe does not know."""
    sessions, missing = _each(partial(stripe_client.get_checkout_session, account), question.session_ids)
    if question.look_up is not None and question.kind is RequestKind.CHECKOUT_SESSION:
        found = find_at_stripe(account, question.kind, question.look_up)
        sessions += [found] if found else []
    return sessions, missing


def _ask_for_intents(
    account: tenants.StripeAccount, question: _Question, sessions: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The order's intents, those of its sessions too, and the ids of those that Stripe does not know."""
    of_sessions = [intent for session in sessions if isinstance(intent := session.get("payment_intent"), str)]
    known = dict.fromkeys((*question.payment_intent_ids, *of_sessions))
    intents, missing = _each(partial(stripe_client.get_payment_intent, account), known)
    if question.look_up is not None and question.kind is RequestKind.PAYMENT_INTENT:
        found = find_at_stripe(account, question.kind, question.look_up)
        # One that is known was made by an earlier request.
        intents += [found] if found and found.get("id") not in known else []
    return intents, missing


def _each(
    get: Callable[[str], dict[str, Any]], identifiers: Iterable[str]
) -> tuple[list[dict[str, Any]], list[str]]:
    """What Stripe has under these ids, and the ids under which it has nothing."""
    found: list[dict[str, Any]] = []
    missing: list[str] = []
    for identifier in identifiers:
        try:
            found.append(get(identifier))
        except stripe_client.StripeRefused as error:
            if error.code != "resource_missing":
                raise
            missing.append(identifier)
    return found, missing


def _end_session(account: tenants.StripeAccount, session: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Close a page on which nobody paid; as Stripe has it then, and whether it was closed."""
    if session.get("status") != "open":
        return session, False
    closed = close_session(account, session["id"])
    return closed, closed.get("status") == "expired"


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
                payments.end_attempts(order, intent["id"], question.attempts.get(intent["id"], ()))
        _note_answer(order, answer)
        link_customer(order)
        is_given_up = answer.gave_up or _close_unopened(order, question)
        owes = settle_order(order, actor=_ACTOR)
        order_polls.schedule(order, utc_now())
        is_changed = _snapshot(order) != before
        is_given_up = is_given_up and order_polls.is_given_up(order)
        if is_changed:
            _audit(order, "order_abandoned" if is_given_up else "order_repaired", before=status)
        if owes:
            outbox.schedule_relay(tenant_id)
        return is_changed and not is_given_up


def _note_answer(order: Order, answer: _Answer) -> None:
    for session in answer.sessions:
        _note(order, session, lambda order, told: record_session(order, read_session(told)))
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
    except (MalformedObject, PaymentMismatch, SessionMismatch) as error:
        log.warning("stripe_told_nonsense", order_number=order.order_number, error=str(error))


def _close_unopened(order: Order, question: _Question) -> bool:
    """When the buyer's time is over and nothing is found at Stripe, the request is over too; whether so.

    A new try begins anew.
    """
    if question.orphaning_request_id is None or not question.is_abandoned:
        return False
    last = order.requests[-1]
    # Both may have changed while Stripe was asked: the buyer's retry may have been answered, or begun anew.
    if last.id != question.orphaning_request_id or not order_polls.may_be_orphaned(order):
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
        {(known.stripe_session_id, known.state, known.is_paid) for known in order.sessions},
        {known.subject for known in order.declines},
        {(known.stripe_refund_id, known.status, known.has_succeeded) for known in order.refunds},
        {(known.stripe_dispute_id, known.status, known.movements) for known in order.disputes},
        {(known.order_line_id, known.active) for known in order.grants},
        {(known.product_id, known.state) for known in order.reservations},
    )

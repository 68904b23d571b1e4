"""Before an event is given up, Stripe is asked about the payment behind it.

Refunds and disputes carry no metadata of the payment, so only the payment itself can tell whose it is.
"""

from collections.abc import Callable

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.payments import IntentFacts, PaymentMismatch
from lumira.domain.stripe_objects import MalformedObject, is_storable, read_intent
from lumira.reconciliation.report import Findings
from lumira.repositories import audit, order_polls, orders, outbox, tenants, webhook_events
from lumira.settlement.settle_order import settle_order

log = structlog.get_logger()

_ACTOR = "reconciliation"
#: An event is first tried again, because its order mostly just comes a little later.
ASK_AFTER_TRIES = 2


def enquire(
    tenant_id: int,
    account: tenants.StripeAccount,
    findings: Findings,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Ask Stripe about every payment that events wait for, once for each of their tries.

    Ours is adopted and its events are tried at once, a foreign one is marked so without an alarm. Where the
    answer decides nothing the events go on waiting, and become an alert in the end. Stripe being down decides
    nothing either: `StripeUnavailable`.
    """
    with atomic(tenant_id):
        waited_for = webhook_events.awaited_payments(tenant_id, attempts=ASK_AFTER_TRIES)
        known = orders.ids_by_payment(tenant_id, waited_for) if waited_for else {}
    for payment_intent_id in waited_for:
        if is_stopping():
            return
        with findings.one("enquiry", payment_intent_id):
            if payment_intent_id in known:
                let_waiting_go_on(tenant_id, [payment_intent_id])
            else:
                findings.payments_decided += _decide(tenant_id, account, payment_intent_id)


@retried
def let_waiting_go_on(tenant_id: int, payment_intent_ids: list[str]) -> None:
    """Let the events that wait for these payments, known by now, be tried at once.

    A transaction of its own: events are locked before orders, so it must not follow an order's lock.
    """
    with atomic(tenant_id):
        if webhook_events.unpark(tenant_id, payment_intent_ids):
            webhook_events.schedule_processing(tenant_id)


def _decide(tenant_id: int, account: tenants.StripeAccount, payment_intent_id: str) -> bool:
    """Whether Stripe's answer says whose the payment is."""
    try:
        told = stripe_client.get_payment_intent(account, payment_intent_id)
    except stripe_client.StripeRefused as error:
        if error.code != "resource_missing":
            raise
        return _foreign(tenant_id, payment_intent_id)
    try:
        intent = read_intent(told)
    except MalformedObject:
        return _undecided(tenant_id, payment_intent_id, "malformed")
    number = intent.metadata.get("orderNumber")
    if not is_storable(number) or intent.metadata.get("tenant") not in (None, account.tenant_slug):
        return _foreign(tenant_id, payment_intent_id)
    obstacle = _adopt(tenant_id, number, intent, livemode=told.get("livemode"))
    if obstacle is not None:
        return _undecided(tenant_id, payment_intent_id, obstacle)
    let_waiting_go_on(tenant_id, [payment_intent_id])
    return True


@retried
def _foreign(tenant_id: int, payment_intent_id: str) -> bool:
    with atomic(tenant_id):
        marked = webhook_events.mark_foreign(tenant_id, payment_intent_id)
    log.info("events_foreign", payment_intent_id=payment_intent_id, events=marked)
    return True


@retried
def _undecided(tenant_id: int, payment_intent_id: str, reason: str) -> bool:
    """It says that it is ours, and is no payment that we know: that is for a person to see in the end."""
    with atomic(tenant_id):
        webhook_events.mark_looked_up(tenant_id, payment_intent_id, reason=reason)
    log.warning("enquiry_undecided", payment_intent_id=payment_intent_id, reason=reason)
    return False


@retried
def _adopt(tenant_id: int, number: str, intent: IntentFacts, *, livemode: object) -> str | None:
    """Tie the payment to the order that it names; why not, where it cannot be."""
    with atomic(tenant_id):
        order_id = orders.ids_by_number(tenant_id, [number]).get(number)
        if order_id is None:
            return "order_missing"
        order = orders.lock_order(tenant_id, order_id)
        if order.livemode != livemode:
            return "other_mode"
        is_new = order.find_payment(intent.id) is None
        try:
            payments.record_state(order, intent)
        except PaymentMismatch:
            return "mismatch"
        owes = settle_order(order, actor=_ACTOR)
        # Whatever else was told of this payment may have been lost as well.
        order_polls.schedule_at_once(order, utc_now())
        if is_new:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="payment_adopted",
                subject=f"order:{order.id}",
                payment_intent_id=intent.id,
            )
        if owes:
            outbox.schedule_relay(tenant_id)
    return None

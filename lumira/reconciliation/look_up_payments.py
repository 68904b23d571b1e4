"""Looking up at Stripe the payments that parked events wait for, before the events fail.

Refunds and disputes carry no metadata of their payment, so only the PaymentIntent shows which order they belong to.
"""

from collections.abc import Callable

import structlog

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.payments import IntentFacts, PaymentMismatch
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.domain.stripe.objects import MalformedObject, read_intent
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.audit import audit
from lumira.repositories.events import webhook_events
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.settlement.settle_order import settle_order
from lumira.webhooks.references import read_order_number

log = structlog.get_logger()

_ACTOR = "reconciliation"
#: An event is retried once before its payment is looked up, because most orders are only a little late.
LOOK_UP_AFTER_ATTEMPTS = 2


def look_up_payments(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    *,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Look up every payment that parked events wait for, once per attempt of the events.

    A payment of Lumira is attached to its order and the events are retried at once; a foreign payment marks them
    foreign without an alert. If the lookup leaves it undecided, the events stay parked and fail in the end with an
    alert. Raises `StripeUnavailable` if Stripe is down, which decides nothing either.
    """
    with atomic(tenant_id):
        awaited = webhook_events.list_awaited_payments(tenant_id, attempts=LOOK_UP_AFTER_ATTEMPTS)
        attached = orders.ids_by_payment(tenant_id, awaited) if awaited else {}
    for payment_intent_id in awaited:
        if is_stopping():
            return
        with report.item("payments", payment_intent_id):
            if payment_intent_id in attached:
                retry_parked_events(tenant_id, [payment_intent_id])
            else:
                report.payments_decided += _look_up(tenant_id, account, payment_intent_id)


@retried
def retry_parked_events(tenant_id: int, payment_intent_ids: list[str]) -> None:
    """Make the events due now that wait for these payments.

    Uses a transaction of its own: events are locked before orders, so it must not follow the lock of an order.
    """
    with atomic(tenant_id):
        if webhook_events.unpark(tenant_id, payment_intent_ids):
            webhook_events.schedule_processing(tenant_id)


def _look_up(tenant_id: int, account: StripeAccount, payment_intent_id: str) -> bool:
    """Look up one payment; returns whether that decides to whom it belongs."""
    try:
        stripe_intent = stripe_client.get_payment_intent(account, payment_intent_id)
    except stripe_client.StripeRefused as error:
        if error.code != "resource_missing":
            raise
        return _mark_foreign(tenant_id, payment_intent_id)
    try:
        intent = read_intent(stripe_intent)
    except MalformedObject:
        return _leave_undecided(tenant_id, payment_intent_id, "malformed")
    order_number = read_order_number(intent.metadata)
    if order_number is None or intent.metadata.get(stripe_metadata.TENANT) != account.tenant_slug:
        return _mark_foreign(tenant_id, payment_intent_id)
    obstacle = _attach(tenant_id, order_number, intent, livemode=stripe_intent.get("livemode"))
    if obstacle is not None:
        return _leave_undecided(tenant_id, payment_intent_id, obstacle)
    retry_parked_events(tenant_id, [payment_intent_id])
    return True


@retried
def _mark_foreign(tenant_id: int, payment_intent_id: str) -> bool:
    with atomic(tenant_id):
        events = webhook_events.mark_foreign(tenant_id, payment_intent_id)
    log.info("events_foreign", payment_intent_id=payment_intent_id, events=events)
    return True


@retried
def _leave_undecided(tenant_id: int, payment_intent_id: str, reason: str) -> bool:
    """Record why a payment with Lumira's metadata matches no order: an operator decides when its events fail."""
    with atomic(tenant_id):
        webhook_events.mark_looked_up(tenant_id, payment_intent_id, reason=reason)
    log.warning("payment_lookup_undecided", payment_intent_id=payment_intent_id, reason=reason)
    return False


@retried
def _attach(tenant_id: int, order_number: str, intent: IntentFacts, *, livemode: object) -> str | None:
    """Attach the payment to the order that its metadata names; returns the reason if it cannot be attached."""
    with atomic(tenant_id):
        order_id = orders.ids_by_number(tenant_id, [order_number]).get(order_number)
        if order_id is None:
            return "order_missing"
        order = orders.lock_order(tenant_id, order_id)
        if order.livemode != livemode:
            return "other_mode"
        is_new = order.find_payment(intent.id) is None
        try:
            payments.record_state(order, intent, now=utc_now())
        except PaymentMismatch:
            return "mismatch"
        settle_order(order, actor=_ACTOR)
        # Other events of this payment may have been lost as well.
        order_polls.schedule_at_once(order, utc_now())
        if is_new:
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="payment_attached",
                subject=f"order:{order.id}",
                payment_intent_id=intent.id,
            )
    return None

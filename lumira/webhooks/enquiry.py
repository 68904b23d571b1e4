"""Before an event is given up, Stripe is asked about the payment behind it.

Refunds and disputes carry no metadata of the payment, so only the payment itself can tell whose it is.
"""

import structlog

from lumira.clients import stripe_client
from lumira.database import atomic
from lumira.errors import StripeConfigError, StripeUnavailable
from lumira.models import Order
from lumira.services import audit, events, orders, outbox, payments, tenants
from lumira.services.payments import IntentFacts, PaymentMismatch
from lumira.services.read_stripe import read_intent
from lumira.services.settle_order import settle_order

log = structlog.get_logger()

#: An event is first tried again, because its order mostly just comes a little later.
ASK_AFTER_TRIES = 2


def enquire(tenant_id: int) -> int:
    """Ask Stripe about every payment that events wait for; how many got a verdict.

    Ours is adopted and its events are tried at once, a foreign one is marked so without an alarm. Stripe
    being down decides nothing.
    """
    with atomic(tenant_id):
        waited_for = events.payments_waited_for(tenant_id, tries=ASK_AFTER_TRIES)
        account = tenants.find_stripe_account(tenant_id) if waited_for else None
    if account is None:
        return 0
    try:
        return sum(_decide(tenant_id, account, payment_intent_id) for payment_intent_id in waited_for)
    except (StripeUnavailable, StripeConfigError) as error:
        log.warning("enquiry_postponed", error=type(error).__name__)
        return 0


def _decide(tenant_id: int, account: tenants.StripeAccount, payment_intent_id: str) -> bool:
    try:
        told = stripe_client.get_payment_intent(account, payment_intent_id)
    except stripe_client.StripeRefused:
        return _foreign(tenant_id, payment_intent_id)
    intent = read_intent(told)
    number = intent.metadata.get("orderNumber")
    if number is None or intent.metadata.get("tenant") not in (None, account.tenant_slug):
        return _foreign(tenant_id, payment_intent_id)
    with atomic(tenant_id):
        order_id = orders.ids_by_number(tenant_id, [number]).get(number)
        if order_id is None:
            # It says that it is ours and we do not know it: that is for a person to see.
            return False
        return _adopt(tenant_id, orders.lock_order(tenant_id, order_id), intent)


def _foreign(tenant_id: int, payment_intent_id: str) -> bool:
    with atomic(tenant_id):
        marked = events.mark_foreign(tenant_id, payment_intent_id)
    log.info("events_foreign", payment_intent_id=payment_intent_id, events=marked)
    return True


def _adopt(tenant_id: int, order: Order, intent: IntentFacts) -> bool:
    try:
        payments.record_state(order, intent)
    except PaymentMismatch:
        return False
    owes = settle_order(order, actor="reconciliation")
    audit.record(
        tenant_id,
        actor="reconciliation",
        action="payment_adopted",
        subject=f"order:{order.id}",
        payment_intent_id=intent.id,
    )
    if events.unpark(tenant_id, [intent.id]):
        events.wake(tenant_id)
    if owes:
        outbox.wake(tenant_id)
    return True

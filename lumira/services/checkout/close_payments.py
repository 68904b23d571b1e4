"""Close at Stripe what an unpaid order can still be paid with: the buyer pays in another way instead."""

from typing import Any
from uuid import UUID

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import order_status, payments
from lumira.domain.stripe.objects import read_intent
from lumira.errors import Conflict
from lumira.models import Order
from lumira.models.columns import uuid7
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.begin_checkout import ACTOR
from lumira.services.checkout.call_stripe import alerting_of_permissions
from lumira.services.checkout.cancel_checkout_session import cancel_checkout_session
from lumira.settlement.settle_order import settle_order


def close_payments(tenant_id: int, order_number: str) -> None:
    """Expire the order's open sessions and cancel its PaymentIntents, and release its stock.

    Raises `OrderNotFound`, `Conflict` if the buyer has paid or the bank is deciding, and from the call to Stripe
    `StripeConfigError` and `StripeUnavailable`.
    """
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, order_number)
        of_sessions = {session.stripe_payment_intent_id for session in order.sessions}
        intent_ids = [
            payment.stripe_payment_intent_id
            for payment in order_status.payable_payments(order)
            if payment.stripe_payment_intent_id not in of_sessions
        ]
        account = stripe_accounts.get_account(tenant_id)
    for session in order.sessions:
        if session.is_open:
            cancel_checkout_session(tenant_id, session.stripe_session_id)
    for intent_id in intent_ids:
        with alerting_of_permissions(tenant_id):
            intent = _cancel(account, intent_id)
        _record(tenant_id, order.id, intent)
        if intent["status"] != "canceled":
            raise Conflict("The buyer has already paid: refund the payment instead.")


def _cancel(account: StripeAccount, intent_id: str) -> dict[str, Any]:
    """The intent as Stripe has it after the attempt to cancel it."""
    try:
        # A key of its own for each attempt: Stripe would repeat a refusal that is not true any more.
        return stripe_client.cancel_payment_intent(account, intent_id, key=f"lumira-close-{uuid7()}")
    except stripe_client.StripeRefused:
        # It was paid just before, or its state does not allow it.
        return stripe_client.get_payment_intent(account, intent_id)


@retried
def _record(tenant_id: int, order_id: UUID, intent: dict[str, Any]) -> Order:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        payments.record_state(order, read_intent(intent), now=utc_now())
        settle_order(order, actor=ACTOR)
        return order

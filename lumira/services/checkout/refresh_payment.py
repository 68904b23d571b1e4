"""Record the state of an order's PaymentIntent as Stripe has it now, when its buyer looks at the order.

The page after the payment is a second trigger beside the webhook: what the browser says about the payment is never
believed, and what Stripe says is recorded as its event would be.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import order_status, payments
from lumira.domain.stripe.objects import read_intent
from lumira.models import Order
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.begin_checkout import ACTOR
from lumira.settlement.settle_order import settle_order


@dataclass(frozen=True, slots=True)
class _Payable:
    """A payment to look up, and its attempts that are known before the lookup."""

    account: StripeAccount
    order_id: UUID
    payment_intent_id: str
    attempts: tuple[str, ...]


def refresh_payment(tenant_id: int, order_number: str) -> dict[str, Any] | None:
    """Return the PaymentIntent that can pay the order, after its state was recorded; `None` if there is none.

    Raises `OrderNotFound`, and from the call to Stripe `StripeConfigError` and `StripeUnavailable`.
    """
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, order_number)
        payable = _find_payable(tenant_id, order)
    if payable is None:
        return None
    try:
        intent = stripe_client.get_payment_intent(payable.account, payable.payment_intent_id)
    except stripe_client.StripeRefused:
        # It is of another account of Stripe: the tenant's keys were changed since.
        return None
    # Most looks find nothing new: they lock and write nothing.
    if not payments.is_known(order, read_intent(intent)):
        _record(tenant_id, payable, intent)
    return intent


def _find_payable(tenant_id: int, order: Order) -> _Payable | None:
    found = order_status.payable_payments(order)
    if order.sessions or not found:
        return None
    account = stripe_accounts.get_account(tenant_id)
    if account.livemode != order.livemode:
        return None
    payment = found[-1]
    return _Payable(account, order.id, payment.stripe_payment_intent_id, tuple(payment.attempts))


@retried
def _record(tenant_id: int, payable: _Payable, intent: dict[str, Any]) -> None:
    facts = read_intent(intent)
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, payable.order_id)
        if intent["status"] == "requires_payment_method":
            payments.end_attempts(order, facts.id, payable.attempts)
        payments.record_state(order, facts, now=utc_now())
        settle_order(order, actor=ACTOR)

"""`/api/payments`: opening a payment, and its status."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.checkout_quotas import limited_checkout
from lumira.blueprints.http.error_catalog import ERRORS_OF_GOODS
from lumira.blueprints.http.examples import PAYMENT_OPENED
from lumira.blueprints.http.idempotent_requests import (
    IDEMPOTENCY_KEY,
    idempotent_call,
    replying,
)
from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.domain.commands import CheckoutCommand
from lumira.errors import Conflict, InvalidIdempotencyKey
from lumira.errors.catalog import ProductNotFound
from lumira.errors.orders import InvalidCart, OrderNotFound
from lumira.errors.stripe import StripeConfigError, StripeUnavailable
from lumira.schemas.checkout_sessions import CreateCheckoutSessionRequest, CreateCheckoutSessionResponse
from lumira.schemas.payment_intents import (
    CreatePaymentIntentRequest,
    CreatePaymentIntentResponse,
    PaymentStatusResponse,
)
from lumira.services.checkout.cancel_checkout_session import cancel_checkout_session
from lumira.services.checkout.create_checkout_session import create_checkout_session
from lumira.services.checkout.create_payment_intent import create_payment_intent
from lumira.services.orders.view_orders import OrderSummary, view_payment

_EXAMPLE_CART = {
    "items": [{"productId": "bougie-figuier", "quantity": 2}, {"productId": "savon-lavande", "quantity": 1}],
    "customerEmail": "buyer@example.com",
    "successUrl": "https://boutique.example/merci?session={CHECKOUT_SESSION_ID}",
    "cancelUrl": "https://boutique.example/panier",
}
_EXAMPLE_SESSION = {
    "sessionId": "cs_test_a1RmLh9ZV0x4o8qJY3",
    "url": "https://checkout.stripe.com/c/pay/cs_test_a1RmLh9ZV0x4o8qJY3",
    "orderNumber": "BTQ-7Q2MZX41KD",
    "amount": 5550,
    "currency": "eur",
    "expiresAt": "2026-01-31T12:31:00.000Z",
}

_OPENERS_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "The key that opened the order, for a request by order number from another network.",
    "schema": {"type": "string"},
}

blueprint = ApiBlueprint("payments", __name__, url_prefix="/api/payments", description="Payments")


@blueprint.post("/create-payment-intent", name="createPaymentIntent", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(ProductNotFound, *ERRORS_OF_GOODS)
@calls_stripe
@blueprint.body(
    CreatePaymentIntentRequest, example={"productId": "mystique", "customerEmail": "buyer@example.com"}
)
@blueprint.replies(CreatePaymentIntentResponse, example=PAYMENT_OPENED)
@limited_checkout
def create(command: CheckoutCommand) -> Any:
    """Open a payment for a product; a free order completes at once."""
    command = with_origin(command, request, source="payments")
    reply = create_payment_intent(g.tenant_id, call=idempotent_call(request), command=command)
    return replying(reply)


@blueprint.post("/checkout-sessions", name="createCheckoutSession", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(ProductNotFound, InvalidCart, *ERRORS_OF_GOODS)
@calls_stripe
@blueprint.body(CreateCheckoutSessionRequest, example=_EXAMPLE_CART)
@blueprint.replies(CreateCheckoutSessionResponse, example=_EXAMPLE_SESSION)
@limited_checkout
def create_session(command: CheckoutCommand) -> Any:
    """Open a Checkout Session for a cart and reserve its stock; a free order completes at once."""
    command = with_origin(command, request, source="checkout")
    reply = create_checkout_session(g.tenant_id, call=idempotent_call(request), command=command)
    return replying(reply)


@blueprint.delete("/checkout-sessions/<session_id>", name="cancelCheckoutSession")
@blueprint.raises(OrderNotFound, Conflict, StripeConfigError, StripeUnavailable)
@calls_stripe
@blueprint.replies(PaymentStatusResponse)
def cancel_session(session_id: str) -> dict[str, Any]:
    """Cancel a Checkout Session that the buyer gave up, and release its stock at once; safe to repeat."""
    order = cancel_checkout_session(g.tenant_id, checked_reference(session_id))
    return _payment_status(OrderSummary(order, payment_intent_id=None))


@blueprint.get("/<reference>", name="getPayment", parameters=[_OPENERS_KEY])
@blueprint.raises(OrderNotFound, InvalidIdempotencyKey)
@blueprint.replies(PaymentStatusResponse)
def show_payment(reference: str) -> dict[str, Any]:
    """The status of a payment's order, without personal data, by its PaymentIntent or Checkout Session.

    The order number works too for the caller that opened the order: with a secret key, from the network that opened
    it, or with the `Idempotency-Key` that opened it.
    """
    view = view_payment(g.tenant_id, checked_reference(reference), idempotent_call(request))
    return _payment_status(view)


def _payment_status(view: OrderSummary) -> dict[str, Any]:
    order = view.order
    return {
        "payment_intent_id": view.payment_intent_id,
        "order_number": order.order_number,
        "status": order.status,
        "amount": order.amount,
        "currency": order.currency,
        "product_name": order.product_name,
    }

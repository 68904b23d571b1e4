"""`/api/payments`: opening a payment, and how it stands."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.checkout import (
    EXAMPLE_OPENED,
    IDEMPOTENCY_KEY,
    open_sale,
    wanted_locale,
    without_reserved,
)
from lumira.blueprints.http.idempotent_requests import idempotent_call, limited_by_email, replying
from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.checkout_sessions import CartRequest, CheckoutSessionRequest, CheckoutSessionResponse
from lumira.schemas.payment_intents import (
    PaymentOpenedResponse,
    PaymentStatusResponse,
    ProductSaleRequest,
    SaleRequest,
)
from lumira.services.checkout.create_checkout_session import Cart, create_checkout_session
from lumira.services.checkout.open_sale import Basket, Item
from lumira.services.orders.view_orders import view_payment

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

blueprint = ApiBlueprint("payments", __name__, url_prefix="/api/payments", description="Payments")


@blueprint.post("/create-payment-intent", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(ProductSaleRequest, example={"productId": "mystique", "customerEmail": "buyer@example.com"})
@blueprint.replies(PaymentOpenedResponse, example=EXAMPLE_OPENED)
@limited_by_email
def create_payment_intent(sale: SaleRequest) -> Any:
    """Open a payment for a product; a free one is given at once."""
    return open_sale(sale, source="payments")


@blueprint.post("/checkout-sessions", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(CheckoutSessionRequest, example=_EXAMPLE_CART)
@blueprint.replies(CheckoutSessionResponse, example=_EXAMPLE_SESSION)
@limited_by_email
def create_session(cart: CartRequest) -> Any:
    """Open a Checkout Session for a cart, and keep its pieces while the buyer pays; a free one is given at once."""
    basket = Basket(
        items=tuple(Item(line.product_id, line.quantity) for line in cart.items),
        customer_email=cart.customer_email,
        customer_name=None,
        metadata=without_reserved(cart.metadata),
        source="checkout",
        locale=wanted_locale(request),
    )
    wanted = Cart(basket, cart.success_url, cart.cancel_url)
    return replying(create_checkout_session(g.tenant_id, call=idempotent_call(request), cart=wanted))


@blueprint.get("/<payment_intent_id>")
@blueprint.replies(PaymentStatusResponse)
def show_payment(payment_intent_id: str) -> dict[str, Any]:
    """How the order of a payment stands; nothing personal."""
    order = view_payment(g.tenant_id, checked_reference(payment_intent_id))
    return {
        "payment_intent_id": payment_intent_id,
        "order_number": order.order_number,
        "status": order.status,
        "amount": order.amount,
        "currency": order.currency,
        "product_name": order.product_name,
    }

"""`/api/payments`: opening a payment, and how it stands."""

from typing import Any

from flask import g

from lumira.blueprints.calls import limited_by_email
from lumira.blueprints.references import checked_reference
from lumira.blueprints.routing import ApiBlueprint
from lumira.blueprints.sales import EXAMPLE_OPENED, IDEMPOTENCY_KEY, open_sale
from lumira.schemas.sales import PaymentOpenedResponse, PaymentStatusResponse, ProductSaleRequest, SaleRequest
from lumira.services.view_orders import view_payment

blueprint = ApiBlueprint("payments", __name__, url_prefix="/api/payments", description="Payments")


@blueprint.post("/create-payment-intent", parameters=[IDEMPOTENCY_KEY])
@blueprint.body(ProductSaleRequest, example={"productId": "mystique", "customerEmail": "buyer@example.com"})
@blueprint.replies(PaymentOpenedResponse, example=EXAMPLE_OPENED)
@limited_by_email
def create_payment_intent(sale: SaleRequest) -> Any:
    """Open a payment for a product; a free one is given at once."""
    return open_sale(sale, source="payments")


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

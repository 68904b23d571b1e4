"""What the routes that open payments have in common: one request, one use case, one reply."""

from flask import g, request

from lumira.blueprints.calls import idempotent_call, replying
from lumira.schemas.sales import SaleRequest
from lumira.services.create_payment_intent import PaymentOpened, Sale, create_payment_intent
from lumira.services.payments import RESERVED_METADATA

#: The header that makes a POST safe to repeat, for the document.
IDEMPOTENCY_KEY = "IdempotencyKey"
EXAMPLE_OPENED = {
    "clientSecret": "pi_3NxKDqLkdIwHu7ix0nWq7nQb_secret_…",
    "orderId": "pi_3NxKDqLkdIwHu7ix0nWq7nQb",
    "paymentIntentId": "pi_3NxKDqLkdIwHu7ix0nWq7nQb",
    "orderNumber": "LUM-7Q2MZX41KD",
    "amount": 4700,
    "currency": "eur",
    "productName": "Niveau Mystique",
}


def open_sale(asked: SaleRequest, *, source: str) -> tuple[PaymentOpened, int, dict[str, str]]:
    """Open the payment that was asked for; what a view returns."""
    sale = Sale(
        product_id=asked.product_id,
        level=asked.level,
        quantity=asked.quantity,
        customer_email=asked.customer_email,
        customer_name=asked.customer_name,
        metadata=without_reserved(asked.metadata),
        source=source,
    )
    return replying(create_payment_intent(g.tenant_id, call=idempotent_call(request), sale=sale))


def without_reserved(metadata: dict[str, str]) -> dict[str, str]:
    """The caller's metadata without the names that are ours at Stripe: ignored, not refused."""
    return {name: text for name, text in metadata.items() if name not in RESERVED_METADATA}

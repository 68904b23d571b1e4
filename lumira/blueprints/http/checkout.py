"""What the routes that open payments have in common: one request, one use case, one reply."""

from flask import Request, g, request

from lumira.blueprints.http.idempotent_requests import idempotent_call, replying
from lumira.domain.payments import RESERVED_METADATA
from lumira.schemas.payment_intents import SaleRequest
from lumira.services.checkout.create_payment_intent import PaymentOpened, Sale, create_payment_intent

#: The header that makes a POST safe to repeat, for the document.
IDEMPOTENCY_KEY = "IdempotencyKey"
#: The languages in which buyers are written to.
LOCALES = ("fr", "en")
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
        locale=wanted_locale(request),
    )
    return replying(create_payment_intent(g.tenant_id, call=idempotent_call(request), sale=sale))


def wanted_locale(request: Request) -> str | None:
    """The first of the buyer's languages that is spoken here; `None` where the request names none of them."""
    for tag, quality in request.accept_languages:
        language = tag.lower().partition("-")[0]
        # A quality of nought means: not this one (RFC 9110, section 12.4.2).
        if language in LOCALES and quality > 0:
            return language
    return None


def without_reserved(metadata: dict[str, str]) -> dict[str, str]:
    """The caller's metadata without the names that are ours at Stripe: ignored, not refused."""
    return {name: text for name, text in metadata.items() if name not in RESERVED_METADATA}

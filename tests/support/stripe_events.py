"""Stripe's events: created, signed and delivered as Stripe does."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from lumira.clients.stripe_client import API_VERSION
from tests.support.factories import Brand


def payment_intent(
    *,
    id: str,  # noqa: A002 - Stripe's own name
    amount: int = 4700,
    currency: str = "eur",
    status: str = "requires_payment_method",
    order_number: str | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """Return a PaymentIntent as an event contains it."""
    intent: dict[str, Any] = {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": amount if status == "succeeded" else 0,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "canceled_at": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id}_secret_{secrets.token_hex(12)}",
        "confirmation_method": "automatic",
        "created": int(time.time()),
        "currency": currency,
        "customer": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {"orderNumber": order_number} if order_number else {},
        "next_action": None,
        "payment_method": None,
        "payment_method_types": ["card", "link"],
        "status": status,
    }
    return intent | fields


def event(event_type: str, stripe_object: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an event with this object."""
    envelope: dict[str, Any] = {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(time.time()),
        "data": {"object": stripe_object},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": event_type,
    }
    return envelope | fields


def declined(
    charge: str, *, code: str = "card_declined", payment_method: str | None = None
) -> dict[str, Any]:
    """Return `last_payment_error` as it is after a declined attempt."""
    return {
        "type": "card_error",
        "code": code,
        "decline_code": "generic_decline",
        "charge": charge,
        "message": "Your card was declined.",
        "payment_method": {"id": payment_method or f"pm_{charge}", "object": "payment_method"},
    }


def signature(body: bytes, secret: str, *, at: float | None = None) -> str:
    """Return the `Stripe-Signature` header for exactly these bytes."""
    timestamp = int(time.time() if at is None else at)
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest},v0={'0' * 64}"


def encode(stripe_event: dict[str, Any]) -> bytes:
    """Return an event as Stripe sends it: indented JSON."""
    return json.dumps(stripe_event, indent=2).encode()


def add_tenant(brand: Brand, stripe_event: dict[str, Any]) -> None:
    """Add the tenant's slug to the metadata of an object with an order number, as Lumira sends them."""
    match stripe_event:
        case {"data": {"object": {"metadata": {"orderNumber": _} as metadata}}}:
            metadata.setdefault("tenant", brand.slug)


def receive(brand: Brand, stripe_event: dict[str, Any]) -> None:
    """Store a signed event in the tenant's inbox.

    An order number in the metadata is Lumira's, which sends the tenant's slug beside it, unless the test names another.
    """
    from lumira.webhooks import inbox  # noqa: PLC0415 - creating events needs no application

    add_tenant(brand, stripe_event)
    body = encode(stripe_event)
    inbox.receive(brand.id, body=body, signature=signature(body, brand.webhook_secret))


def deliver(brand: Brand, *stripe_events: dict[str, Any]) -> None:
    """Store events in the inbox, and process every event that is due."""
    from lumira.webhooks import process  # noqa: PLC0415 - see above

    for stripe_event in stripe_events:
        receive(brand, stripe_event)
    process.process_events(brand.id)

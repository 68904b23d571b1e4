"""Where Stripe delivers: three addresses, one inbox behind them."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY, read_body
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.health import WebhookReceivedResponse, WebhookRejectedResponse
from lumira.webhooks import inbox

#: The first two are where the replaced systems had told Stripe to deliver.
ADDRESSES = ("/stripe/webhook", "/products/webhook", "/webhooks/stripe")

blueprint = ApiBlueprint("webhooks", __name__, url_prefix="/api", description="Deliveries from Stripe")


@blueprint.documented(
    requestBody={
        "description": "A signed event, byte for byte as Stripe sent it.",
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
)
@blueprint.also_replies(400, WebhookRejectedResponse, when="It is no event signed for this tenant.")
@blueprint.replies(WebhookReceivedResponse)
def receive(tenant: str | None = None) -> dict[str, Any]:  # noqa: ARG001 - read where the tenant is found
    """Store a signed event of Stripe's."""
    body = read_body(request, limit=MAX_WEBHOOK_BODY)
    received = inbox.receive(g.tenant_id, body=body, signature=request.headers.get("Stripe-Signature"))
    g.told = received.as_logged()
    return {"received": True}


# Stripe only ever posts: every other method is refused, the one that asks for methods included.
receive.provide_automatic_options = False  # type: ignore[attr-defined]
for address in ADDRESSES:
    name = address.strip("/").replace("/", "_")
    blueprint.add_url_rule(address, f"receive_at_{name}", receive, methods=["POST"])
    blueprint.add_url_rule(f"{address}/<tenant>", f"receive_for_tenant_at_{name}", receive, methods=["POST"])

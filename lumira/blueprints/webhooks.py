"""Webhook endpoints: three paths, one inbox behind them."""

from typing import Any

from flask import g, request

from lumira import tenancy
from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY, read_body
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.errors import TenantFrozen
from lumira.schemas.base import camel_case
from lumira.schemas.health import WebhookReceivedResponse, WebhookRejectedResponse
from lumira.webhooks import (
    handlers,  # noqa: F401 - events are counted by the types that have a handler
    inbox,
)

#: Stripe delivers to the first two for the systems that Lumira replaces.
PATHS = ("/stripe/webhook", "/products/webhook", "/webhooks/stripe")

blueprint = ApiBlueprint("webhooks", __name__, url_prefix="/api", description="Deliveries from Stripe")


@blueprint.documented(
    requestBody={
        "description": "The event exactly as Stripe sent it: the signature covers every byte.",
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
)
@blueprint.also_replies(400, WebhookRejectedResponse, when="The event is not signed for this tenant.")
@blueprint.replies(WebhookReceivedResponse)
def receive(tenant: str | None = None) -> dict[str, Any]:  # noqa: ARG001 - the guard reads it
    """Store a signed event from Stripe."""
    body = read_body(request, limit=MAX_WEBHOOK_BODY)
    signature = request.headers.get("Stripe-Signature")
    receivers = {receiver.tenant_id: receiver for receiver in g.receivers}
    receiver = receivers[inbox.find_signer(tuple(receivers), body=body, signature=signature)]
    tenancy.set_receiver(receiver)
    if receiver.is_frozen:
        raise TenantFrozen
    received = inbox.receive(g.tenant_id, body=body, signature=signature)
    g.log_fields = received.as_logged()
    return {"received": True}


# Stripe only sends POST: every other method gets a 405, OPTIONS included.
receive.provide_automatic_options = False  # type: ignore[attr-defined]
for path in PATHS:
    name = path.strip("/").replace("/", "_")
    for rule, endpoint in (
        (path, f"receive_at_{name}"),
        (f"{path}/<tenant>", f"receive_for_tenant_at_{name}"),
    ):
        view = blueprint.documented(operationId=camel_case(endpoint))(receive)
        blueprint.add_url_rule(rule, endpoint, view, methods=["POST"])

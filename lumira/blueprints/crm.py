"""`/api/crm`: notifications of a tenant's Dolibarr."""

from typing import Any

from flask import g, request

from lumira import extensions, tenancy
from lumira.blueprints.http.request_body import MAX_WEBHOOK_BODY, parse_json_object, read_body
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.errors import InvalidRequest, NotFound
from lumira.schemas.health import WebhookReceivedResponse
from lumira.services.crm.receive_notification import check_secret, receive_notification

blueprint = ApiBlueprint("crm", __name__, url_prefix="/api/crm", description="Notifications of a CRM")


@blueprint.documented(
    requestBody={
        "description": (
            "A notification of Dolibarr's webhook module. It only says which record may have changed: Lumira reads the "
            "record again."
        ),
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
)
@blueprint.raises(InvalidRequest, NotFound)
@blueprint.replies(WebhookReceivedResponse)
def receive(tenant: str, secret: str) -> dict[str, Any]:
    """Note a record of Dolibarr that is to be read again; the last part of the path is the tenant's secret."""
    # Before the first query: whoever guesses costs no more than this.
    extensions.of().notifications_quota.take(extensions.callers_network())
    receiver = tenancy.find_crm_tenant(tenant)
    check_secret(None if receiver is None else receiver.tenant_id, secret)
    assert receiver is not None  # noqa: S101 - otherwise it was refused
    tenancy.set_receiver(receiver)
    noted = receive_notification(
        receiver.tenant_id, parse_json_object(read_body(request, limit=MAX_WEBHOOK_BODY))
    )
    g.log_fields = {} if noted is None else {"trigger": noted.trigger, "dolibarr_id": noted.dolibarr_id}
    return {"received": True}


# Dolibarr only sends POST: every other method gets a 405, OPTIONS included.
receive.provide_automatic_options = False  # type: ignore[attr-defined]
blueprint.add_url_rule(
    "/dolibarr/<tenant>/<secret>",
    "receive",
    blueprint.documented(operationId="receiveDolibarrNotification")(receive),
    methods=["POST"],
)

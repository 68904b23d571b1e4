"""``/v1/webhook_endpoints``."""

from typing import Any

from stripe import params

from lumira.sandbox.account import without_private_fields
from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, no_such_object
from lumira.sandbox.ids import random_id
from lumira.sandbox.limits import check_description, check_metadata, check_url, merged_metadata
from lumira.sandbox.lists import list_objects

routes = Routes()
URL = "/v1/webhook_endpoints"
_MAX_ENDPOINTS = 16


@routes.add("POST", URL, params.WebhookEndpointCreateParams)
def create(call: Call) -> Object:
    """Create an endpoint; only this response contains its secret."""
    _check(call.params)
    if len(list(call.account.list_all("webhook_endpoint"))) >= _MAX_ENDPOINTS:
        raise InvalidRequestError(
            f"You have reached the maximum of {_MAX_ENDPOINTS} test webhook endpoints.", param="url"
        )
    secret = random_id("whsec", 32)
    endpoint = {
        "id": random_id("we_1", 23).replace("we_1_", "we_1"),
        "object": "webhook_endpoint",
        "_connect": bool(call["connect"]),
        "_secret": secret,
        "api_version": call["api_version"],
        "application": None,
        "created": call.account.now,
        "description": call["description"] or None,
        "enabled_events": call["enabled_events"],
        "livemode": False,
        "metadata": merged_metadata({}, call["metadata"]),
        "status": "enabled",
        "url": call["url"],
    }
    call.account.add(endpoint)
    return {**without_private_fields(endpoint), "secret": secret}


@routes.add("GET", URL, params.WebhookEndpointListParams)
def list_all(call: Call) -> Object:
    """List the account's endpoints, newest first."""
    return list_objects(call.account, "webhook_endpoint", URL, call.params)


@routes.add("GET", URL + "/<id>", params.WebhookEndpointRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one endpoint."""
    return _get(call)


@routes.add("POST", URL + "/<id>", params.WebhookEndpointUpdateParams)
def update(call: Call) -> Object:
    """Update an endpoint; queued deliveries of a disabled endpoint are canceled when they are due."""
    endpoint = _get(call)
    _check(call.params)
    for name in ("url", "enabled_events", "description"):
        if name in call.params:
            endpoint[name] = call[name] or None
    if call["disabled"] is not None:
        endpoint["status"] = "disabled" if call["disabled"] else "enabled"
    endpoint["metadata"] = merged_metadata(endpoint["metadata"], call["metadata"])
    return call.account.save(endpoint)


@routes.add("DELETE", URL + "/<id>", params.WebhookEndpointDeleteParams)
def delete(call: Call) -> Object:
    """Delete an endpoint and cancel its pending deliveries."""
    endpoint = _get(call)
    call.account.connection.execute("DELETE FROM objects WHERE id = ?", (endpoint["id"],))
    call.account.connection.execute(
        "UPDATE deliveries SET status = 'canceled' WHERE endpoint = ? AND status = 'pending'",
        (endpoint["id"],),
    )
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def _get(call: Call) -> dict[str, Any]:
    endpoint = call.account.find("webhook_endpoint", call.path["id"])
    if endpoint is None:
        raise no_such_object("webhook endpoint", call.path["id"])
    return endpoint


def _check(sent: dict[str, Any]) -> None:
    if "url" in sent:
        check_url(sent["url"])
    check_description(sent.get("description"), max_length=5000)
    check_metadata(sent.get("metadata"))
    if "enabled_events" in sent and not sent["enabled_events"]:
        raise InvalidRequestError("You must enable at least one event.", param="enabled_events")

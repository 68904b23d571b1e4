"""``/v1/events``: the events of the last 30 days."""

import json
import time

from stripe import params

from lumira.sandbox.calls import Call, Object, Routes
from lumira.sandbox.errors import InvalidRequestError, NotFoundError
from lumira.sandbox.events import RETENTION_SECONDS, with_pending_webhooks
from lumira.sandbox.lists import Query, page

routes = Routes()
URL = "/v1/events"
_MAX_TYPES = 20
_DELIVERED = "NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.event = events.id AND d.status <> 'delivered')"


@routes.add("GET", URL, params.EventListParams)
def list_all(call: Call) -> Object:
    """List the account's events, newest first, filtered by type, time or delivery success."""
    query = Query(call.account.id)
    query.where("recorded_at > ?", time.time() - RETENTION_SECONDS)
    query.where_created(call["created"])
    _filter_by_type(call, query)
    if call["delivery_success"] is not None:
        query.where(_DELIVERED if call["delivery_success"] else f"NOT {_DELIVERED}")
    listed = page(call.account, "events", URL, call.params, query=query, kind="event")
    listed["data"] = [with_pending_webhooks(call.account, event) for event in listed["data"]]
    return listed


@routes.add("GET", URL + "/<id>", params.EventRetrieveParams)
def retrieve(call: Call) -> Object:
    """Return one event."""
    row = call.account.connection.execute(
        "SELECT body FROM events WHERE account = ? AND id = ? AND recorded_at > ?",
        (call.account.id, call.path["id"], time.time() - RETENTION_SECONDS),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"No such event: '{call.path['id']}'", code="resource_missing", param="id")
    return with_pending_webhooks(call.account, json.loads(row["body"]))


def _filter_by_type(call: Call, query: Query) -> None:
    types = call["types"]
    if call["type"] is not None and types is not None:
        raise InvalidRequestError(
            "You may pass either the type or types parameter, but not both.", param="type"
        )
    if call["type"] is not None:
        # Stripe accepts a trailing star for a group of types, as in ``charge.*``.
        query.where("type GLOB ?", call["type"].replace("[", "[[]").replace("?", "[?]"))
    if types is not None:
        if len(types) > _MAX_TYPES:
            raise InvalidRequestError(
                f"You can specify at most {_MAX_TYPES} types, but you passed {len(types)}.", param="types"
            )
        query.where(f"type IN ({', '.join('?' for _ in types)})", *types)

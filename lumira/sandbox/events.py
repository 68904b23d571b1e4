"""Events: snapshots of an object at the time of a change."""

import json
import random
import time
from typing import Any

import stripe

from lumira.sandbox.account import Account, open_account, without_private_fields
from lumira.sandbox.ids import payment_id, random_id

#: Stripe's API returns an event for 30 days.
RETENTION_SECONDS = 30 * 24 * 3600

#: The window over which shuffled deliveries are spread, unless ``window_ms`` is set.
_DEFAULT_WINDOW_MS = 500


def emit(
    account: Account,
    event_type: str,
    body: dict[str, Any],
    previous: dict[str, Any] | None = None,
    *,
    connected_account: str | None = None,
) -> None:
    """Record an event and queue its deliveries, in the transaction of the change.

    ``connected_account`` is the event's ``account``, for an account that the sandbox does not know.
    """
    new_id = payment_id if event_type.startswith(("payment_intent", "charge", "refund")) else random_id
    data: dict[str, Any] = {"object": without_private_fields(body)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": new_id("evt"),
        "object": "event",
        "api_version": account.settings.get("api_version", stripe.api_version),
        "created": account.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": account.origin.request_id, "idempotency_key": account.origin.idempotency_key},
        "type": event_type,
        **({} if connected_account is None else {"account": connected_account}),
    }
    account.connection.execute(
        "INSERT INTO events (account, id, type, created, recorded_at, body) VALUES (?, ?, ?, ?, ?, ?)",
        (account.id, event["id"], event_type, event["created"], time.time(), json.dumps(event)),
    )
    _enqueue_deliveries(account, str(event["id"]), event_type)


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the replaced values, for ``previous_attributes``; of metadata only the changed keys."""
    previous: dict[str, Any] = {}
    for name in without_private_fields(before):
        old, new = before[name], after.get(name)
        if old == new:
            continue
        if name == "metadata" and isinstance(old, dict) and isinstance(new, dict):
            old = {key: old.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}
        previous[name] = old
    return previous


def with_pending_webhooks(account: Account, event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with the number of endpoints that have not received it yet."""
    (pending,) = account.connection.execute(
        "SELECT count(DISTINCT endpoint) FROM deliveries WHERE event = ? AND status IN ('pending', "
        "'sending')",
        (event["id"],),
    ).fetchone()
    return {**event, "pending_webhooks": pending}


def is_subscribed(endpoint: dict[str, Any], event_type: str) -> bool:
    """Whether an endpoint is enabled and subscribed to this event type."""
    types = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in types or event_type in types)


def _enqueue_deliveries(account: Account, event_id: str, event_type: str) -> None:
    platform_id = account.settings.get("platform")
    for endpoint in account.list_all("webhook_endpoint"):
        if is_subscribed(endpoint, event_type) and not endpoint.get("_connect"):
            enqueue_delivery(account, event_id, event_type, endpoint["id"])
    if platform_id is not None:
        _enqueue_for_platform(account, open_account(account.connection, platform_id), event_id, event_type)


def _enqueue_for_platform(account: Account, platform: Account, event_id: str, event_type: str) -> None:
    """Queue an event of a connected account for its platform's endpoints for connected accounts."""
    for endpoint in platform.list_all("webhook_endpoint"):
        if is_subscribed(endpoint, event_type) and endpoint.get("_connect"):
            enqueue_delivery(platform, event_id, event_type, endpoint["id"])
            account.queued = True


def enqueue_delivery(account: Account, event_id: str, event_type: str, endpoint_id: str) -> None:
    """Queue an event for one endpoint, with the delivery faults in the account's settings."""
    delivery_settings = account.settings.get("deliveries", {})
    source = _random_source(account, event_id + endpoint_id)
    account.queued = True
    lost = source.random() < delivery_settings.get("lose", 0)
    copies = 1 if lost else _copies(delivery_settings.get("duplicate", 0), source)
    for copy in range(copies):
        delay_ms = delivery_settings.get("delay_ms", 0)
        if delivery_settings.get("shuffle"):
            delay_ms += source.uniform(0, delivery_settings.get("window_ms", _DEFAULT_WINDOW_MS))
        account.connection.execute(
            "INSERT INTO deliveries (account, event, event_type, endpoint, copy, status, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account.id,
                event_id,
                event_type,
                endpoint_id,
                copy,
                "lost" if lost else "pending",
                time.time() + delay_ms / 1000,
            ),
        )


def _random_source(account: Account, unique: str) -> random.Random:
    delivery_settings = account.settings.get("deliveries", {})
    seed = delivery_settings.get("seed")
    # Ids are random, so a seed makes the sequence of faults repeatable only together with a counter.
    if seed is None:
        return random.Random(unique)  # noqa: S311
    delivery_settings["deliveries_drawn"] = delivery_settings.get("deliveries_drawn", 0) + 1
    account.save_settings()
    return random.Random(f"{seed}:{delivery_settings['deliveries_drawn']}")  # noqa: S311


def _copies(duplicate: float, source: random.Random) -> int:
    """Return how often an event is sent: a number above one is the count, a fraction is the chance of two."""
    if duplicate > 1:
        return int(duplicate)
    return 2 if source.random() < duplicate else 1

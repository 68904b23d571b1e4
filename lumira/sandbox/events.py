"""Events: a snapshot of an object at the moment when something happened to it."""

import json
import random
import time
from typing import Any

import stripe

from lumira.sandbox.account import Account, public
from lumira.sandbox.ids import payment_id, random_id

#: Stripe answers for an event during thirty days.
RETENTION_SECONDS = 30 * 24 * 3600

#: How far a shuffle spreads deliveries that was not told how far.
_USUAL_WINDOW_MS = 500


def emit(
    account: Account, event_type: str, body: dict[str, Any], previous: dict[str, Any] | None = None
) -> None:
    """Record an event and queue its deliveries, in the transaction of what caused it."""
    family = payment_id if event_type.startswith(("payment_intent", "charge", "refund")) else random_id
    data: dict[str, Any] = {"object": public(body)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": family("evt"),
        "object": "event",
        "api_version": account.settings.get("api_version", stripe.api_version),
        "created": account.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": account.origin.request_id, "idempotency_key": account.origin.idempotency_key},
        "type": event_type,
    }
    account.connection.execute(
        "INSERT INTO events (account, id, type, created, recorded_at, body) VALUES (?, ?, ?, ?, ?, ?)",
        (account.id, event["id"], event_type, event["created"], time.time(), json.dumps(event)),
    )
    _enqueue_deliveries(account, str(event["id"]), event_type)


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What an update replaced, for ``previous_attributes``; of hashes only the changed keys."""
    previous: dict[str, Any] = {}
    for name in public(before):
        old, new = before[name], after.get(name)
        if old == new:
            continue
        if name == "metadata" and isinstance(old, dict) and isinstance(new, dict):
            old = {key: old.get(key) for key in {**old, **new} if old.get(key) != new.get(key)}
        previous[name] = old
    return previous


def with_pending_webhooks(account: Account, event: dict[str, Any]) -> dict[str, Any]:
    """An event as it is read now: with the number of deliveries still owed."""
    (pending,) = account.connection.execute(
        "SELECT count(DISTINCT endpoint) FROM deliveries WHERE event = ? AND status IN ('pending', "
        "'sending')",
        (event["id"],),
    ).fetchone()
    return {**event, "pending_webhooks": pending}


def is_subscribed(endpoint: dict[str, Any], event_type: str) -> bool:
    """Whether an endpoint wants events of this type now."""
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or event_type in wanted)


def _enqueue_deliveries(account: Account, event_id: str, event_type: str) -> None:
    for endpoint in account.all("webhook_endpoint"):
        if is_subscribed(endpoint, event_type):
            enqueue_delivery(account, event_id, event_type, endpoint["id"])


def enqueue_delivery(account: Account, event_id: str, event_type: str, endpoint_id: str) -> None:
    """Queue an event for one endpoint, with the misfortunes that the account's settings ask for."""
    injected = account.settings.get("deliveries", {})
    source = _random_source(account, event_id + endpoint_id)
    account.queued = True
    lost = source.random() < injected.get("lose", 0)
    copies = 1 if lost else _copies(injected.get("duplicate", 0), source)
    for copy in range(copies):
        delay_ms = injected.get("delay_ms", 0)
        if injected.get("shuffle"):
            delay_ms += source.uniform(0, injected.get("window_ms", _USUAL_WINDOW_MS))
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
    injected = account.settings.get("deliveries", {})
    seed = injected.get("seed")
    # Ids are random, so a seed fixes the sequence of misfortunes only together with a counter.
    if seed is None:
        return random.Random(unique)  # noqa: S311
    injected["drawn"] = injected.get("drawn", 0) + 1
    account.save_settings()
    return random.Random(f"{seed}:{injected['drawn']}")  # noqa: S311


def _copies(duplicate: float, source: random.Random) -> int:
    """How often an event is sent: a whole number above one is meant so, a fraction is a chance of two."""
    if duplicate > 1:
        return int(duplicate)
    return 2 if source.random() < duplicate else 1

"""Events: a snapshot of an object at the moment when something happened to it."""

import json
import random
import time
from typing import Any

import stripe

from lumira.sandbox.books import Books, public
from lumira.sandbox.ids import payment_id, random_id

#: Stripe answers for an event during thirty days.
RETENTION_SECONDS = 30 * 24 * 3600

#: How far a shuffle spreads deliveries that was not told how far.
_USUAL_WINDOW_MS = 500


def emit(books: Books, event_type: str, body: dict[str, Any], previous: dict[str, Any] | None = None) -> None:
    """Record an event and queue its deliveries, in the transaction of what caused it."""
    family = payment_id if event_type.startswith(("payment_intent", "charge", "refund")) else random_id
    data: dict[str, Any] = {"object": public(body)}
    if previous is not None:
        data["previous_attributes"] = previous
    event = {
        "id": family("evt"),
        "object": "event",
        "api_version": books.settings.get("api_version", stripe.api_version),
        "created": books.now,
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": books.origin.request_id, "idempotency_key": books.origin.idempotency_key},
        "type": event_type,
    }
    books.connection.execute(
        "INSERT INTO events (account, id, type, created, recorded_at, body) VALUES (?, ?, ?, ?, ?, ?)",
        (books.account, event["id"], event_type, event["created"], time.time(), json.dumps(event)),
    )
    _queue(books, str(event["id"]), event_type)


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


def shown(books: Books, event: dict[str, Any]) -> dict[str, Any]:
    """An event as it is read now: with the number of deliveries still owed."""
    (pending,) = books.connection.execute(
        "SELECT count(DISTINCT endpoint) FROM deliveries WHERE event = ? AND status IN ('pending', "
        "'sending')",
        (event["id"],),
    ).fetchone()
    return {**event, "pending_webhooks": pending}


def subscribed(endpoint: dict[str, Any], event_type: str) -> bool:
    """Whether an endpoint wants events of this type now."""
    wanted = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in wanted or event_type in wanted)


def _queue(books: Books, event_id: str, event_type: str) -> None:
    for endpoint in books.all("webhook_endpoint"):
        if subscribed(endpoint, event_type):
            queue_delivery(books, event_id, event_type, endpoint["id"])


def queue_delivery(books: Books, event_id: str, event_type: str, endpoint_id: str) -> None:
    """Queue an event for one endpoint, with the misfortunes that the account's settings ask for."""
    chaos = books.settings.get("deliveries", {})
    dice = _dice(books, event_id + endpoint_id)
    books.queued = True
    lost = dice.random() < chaos.get("lose", 0)
    copies = 1 if lost else _copies(chaos.get("duplicate", 0), dice)
    for copy in range(copies):
        delay_ms = chaos.get("delay_ms", 0)
        if chaos.get("shuffle"):
            delay_ms += dice.uniform(0, chaos.get("window_ms", _USUAL_WINDOW_MS))
        books.connection.execute(
            "INSERT INTO deliveries (account, event, event_type, endpoint, copy, status, due_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                books.account,
                event_id,
                event_type,
                endpoint_id,
                copy,
                "lost" if lost else "pending",
                time.time() + delay_ms / 1000,
            ),
        )


def _dice(books: Books, unique: str) -> random.Random:
    chaos = books.settings.get("deliveries", {})
    seed = chaos.get("seed")
    # Ids are random, so a seed fixes the sequence of misfortunes only together with a counter.
    if seed is None:
        return random.Random(unique)  # noqa: S311
    chaos["drawn"] = chaos.get("drawn", 0) + 1
    books.save_settings()
    return random.Random(f"{seed}:{chaos['drawn']}")  # noqa: S311


def _copies(duplicate: float, dice: random.Random) -> int:
    """How often an event is sent: a whole number above one is meant so, a fraction is a chance of two."""
    if duplicate > 1:
        return int(duplicate)
    return 2 if dice.random() < duplicate else 1

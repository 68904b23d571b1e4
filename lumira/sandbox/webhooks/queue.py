"""The delivery queue: rows that survive a restart, each claimed by one worker at a time."""

import json
import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from lumira.sandbox.account import open_account
from lumira.sandbox.events import with_pending_webhooks
from lumira.sandbox.webhooks.posting import Attempt

#: Pending, due, of an account whose deliveries are not paused, and of a type that is not withheld.
_DUE = """
    status = 'pending' AND due_at <= :now
    AND account NOT IN (SELECT id FROM accounts WHERE json_extract(settings, '$.deliveries.paused'))
    AND (account, event_type) NOT IN (
        SELECT accounts.id, withheld.value FROM accounts, json_each(settings, '$.deliveries.withhold') AS withheld
    )
"""
_DEFAULT_ATTEMPTS = 16
_MAX_BACKOFF_SECONDS = 60
STATUSES = ("pending", "sending", "delivered", "failed", "lost", "canceled")


@dataclass(frozen=True)
class Delivery:
    """One event for one endpoint, ready to sign and send."""

    id: int
    account_id: str
    attempts: int
    url: str
    secret: str
    body: bytes
    #: Stripe's time of the attempt, in seconds since the epoch.
    sent_at: int


def claim(connection: sqlite3.Connection) -> Delivery | None:
    """Claim the delivery that has been due the longest; return None when none is due."""
    while True:
        row = connection.execute(
            f"SELECT * FROM deliveries WHERE {_DUE} ORDER BY due_at, id LIMIT 1",  # noqa: S608
            {"now": time.time()},
        ).fetchone()
        if row is None:
            return None
        endpoint = _endpoint(connection, row["account"], row["endpoint"])
        if endpoint is None or endpoint["status"] != "enabled":
            # Stripe cancels the deliveries of an endpoint that was disabled or deleted.
            connection.execute("UPDATE deliveries SET status = 'canceled' WHERE id = ?", (row["id"],))
            continue
        connection.execute(
            "UPDATE deliveries SET status = 'sending', attempts = attempts + 1 WHERE id = ?", (row["id"],)
        )
        body = _body(connection, row, endpoint)
        return Delivery(
            id=row["id"],
            account_id=row["account"],
            attempts=row["attempts"] + 1,
            url=endpoint["url"],
            secret=endpoint["_secret"],
            body=body,
            sent_at=open_account(connection, row["account"]).now,
        )


def _endpoint(connection: sqlite3.Connection, account_id: str, identifier: str) -> dict[str, Any] | None:
    return open_account(connection, account_id).find("webhook_endpoint", identifier)


def _body(connection: sqlite3.Connection, row: sqlite3.Row, endpoint: dict[str, Any]) -> bytes:
    stored = connection.execute("SELECT account, body FROM events WHERE id = ?", (row["event"],)).fetchone()
    event = with_pending_webhooks(open_account(connection, row["account"]), json.loads(stored["body"]))
    if stored["account"] != row["account"]:
        # An event of a connected account, for an endpoint of its platform.
        event["account"] = stored["account"]
    if endpoint["api_version"] is not None:
        event["api_version"] = endpoint["api_version"]
    return json.dumps(event, indent=2, ensure_ascii=False).encode(errors="replace")


def finish(connection: sqlite3.Connection, delivery: Delivery, attempt: Attempt) -> None:
    """Record the result of an attempt, and when the next one is due."""
    delivery_settings = open_account(connection, delivery.account_id).settings.get("deliveries", {})
    status, due_at = "delivered", time.time()
    if not attempt.succeeded:
        exhausted = delivery.attempts >= delivery_settings.get("max_attempts", _DEFAULT_ATTEMPTS)
        status = "failed" if exhausted else "pending"
        backoff = min(2 ** (delivery.attempts - 1), _MAX_BACKOFF_SECONDS)
        due_at += backoff * delivery_settings.get("retry_base_ms", 1000) / 1000
    connection.execute(
        "UPDATE deliveries SET status = ?, due_at = ?, last_status = ?, last_error = ? WHERE id = ? AND "
        "status = 'sending'",
        (status, due_at, attempt.status, attempt.error, delivery.id),
    )


def recover(connection: sqlite3.Connection) -> None:
    """Requeue deliveries that a killed process was sending, because they may not have arrived."""
    connection.execute("UPDATE deliveries SET status = 'pending' WHERE status = 'sending'")


def next_due(connection: sqlite3.Connection) -> float | None:
    """Return when the next delivery is due (seconds since the epoch), or None without pending deliveries."""
    row = connection.execute(
        f"SELECT min(due_at) AS due FROM deliveries WHERE {_DUE}",  # noqa: S608
        {"now": float("inf")},
    ).fetchone()
    return None if row["due"] is None else float(row["due"])


def make_due(connection: sqlite3.Connection, account_id: str) -> None:
    """Make all pending deliveries of this account due now."""
    connection.execute(
        "UPDATE deliveries SET due_at = ? WHERE account = ? AND status = 'pending'", (time.time(), account_id)
    )


def is_busy(connection: sqlite3.Connection, account_id: str) -> bool:
    """Whether a delivery of this account is due or being sent."""
    # A count would be slow: this runs after every delivery, and thousands may be pending.
    row = connection.execute(
        f"SELECT 1 FROM deliveries WHERE account = :account AND (status = 'sending' OR {_DUE}) LIMIT 1",  # noqa: S608
        {"account": account_id, "now": time.time()},
    ).fetchone()
    return row is not None


def count_by_status(connection: sqlite3.Connection, account_id: str) -> dict[str, int]:
    """Return the number of deliveries in each status."""
    rows = connection.execute(
        "SELECT status, count(*) AS number FROM deliveries WHERE account = ? GROUP BY status", (account_id,)
    )
    return {**dict.fromkeys(STATUSES, 0), **{row["status"]: row["number"] for row in rows}}


def list_deliveries(connection: sqlite3.Connection, account_id: str) -> list[dict[str, Any]]:
    """Return every delivery with its attempts, oldest first."""
    rows = connection.execute("SELECT * FROM deliveries WHERE account = ? ORDER BY id", (account_id,))
    return [{**dict(row), "due_in_ms": round((row["due_at"] - time.time()) * 1000)} for row in rows]

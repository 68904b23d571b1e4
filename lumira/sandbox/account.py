"""One account's objects, events and scheduled tasks, within one transaction."""

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lumira.sandbox.errors import no_such_object
from lumira.sandbox.limits import check_email, invalid_email


@dataclass(frozen=True)
class Origin:
    """The API request that caused an event; both fields are None for an event without a request."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class Account:
    """The stored state of one account; no other account can be reached through it."""

    connection: sqlite3.Connection
    id: str
    origin: Origin
    #: The sandbox's own address, for links to the pages that it hosts.
    base_url: str
    settings: dict[str, Any]
    #: Whether deliveries or tasks were added, so that the worker threads must be woken after the commit.
    queued: bool = False

    @property
    def now(self) -> int:
        """Stripe's time in whole seconds since the epoch, as in ``created``; see the setting ``clock_offset_s``."""
        return int(time.time() + self.settings.get("clock_offset_s", 0))

    def check_email(self, email: Any, param: str = "email") -> None:
        """Raise ``InvalidRequestError`` for a malformed address, or one in the setting ``refused_emails``."""
        check_email(email, param)
        if email and email.lower() in self.settings.get("refused_emails", []):
            raise invalid_email(email, param)

    def find(self, kind: str, identifier: str) -> dict[str, Any] | None:
        """Return an object of this account, or None; a deleted object is returned with ``deleted`` true."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND account = ? AND kind = ?",
            (identifier, self.id, kind),
        ).fetchone()
        return None if row is None else dict(json.loads(row["body"]))

    def get(self, kind: str, identifier: str, *, param: str | None = None) -> dict[str, Any]:
        """Return an object of this account.

        Raises ``NotFoundError`` (404), or ``InvalidRequestError`` (400) where the parameter ``param`` named it.
        """
        body = self.find(kind, identifier)
        if body is None or (param is not None and body.get("deleted")):
            raise no_such_object(kind, identifier, param=param or "id", in_url=param is None)
        return body

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """Store a new object."""
        self.connection.execute(
            "INSERT INTO objects (account, kind, id, created, body) VALUES (?, ?, ?, ?, ?)",
            (self.id, body["object"], body["id"], body["created"], json.dumps(body)),
        )
        return body

    def save(self, body: dict[str, Any]) -> dict[str, Any]:
        """Store the new state of an existing object."""
        self.connection.execute(
            "UPDATE objects SET body = ?, deleted = ? WHERE id = ? AND account = ?",
            (json.dumps(body), int(bool(body.get("deleted"))), body["id"], self.id),
        )
        return body

    def list_all(self, kind: str) -> Iterable[dict[str, Any]]:
        """Every object of a kind that is not deleted, oldest first."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE account = ? AND kind = ? AND NOT deleted ORDER BY seq",
            (self.id, kind),
        )
        return [json.loads(row["body"]) for row in rows]

    def list_linked(self, kind: str, field: str, identifier: str) -> list[dict[str, Any]]:
        """Every object of a kind whose ``field`` equals this id, oldest first."""
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE account = ? AND kind = ? AND json_extract(body, '$.{field}') = ?"  # noqa: S608
            " AND NOT deleted ORDER BY seq",
            (self.id, kind, identifier),
        )
        return [json.loads(row["body"]) for row in rows]

    def delay(self, *, slow: bool = False) -> float:
        """Seconds until a delayed outcome, from the account's settings; ``slow`` methods take minutes."""
        name, default = ("slow_delay_ms", 180_000) if slow else ("delay_ms", 2_000)
        return float(self.settings.get(name, default)) / 1000

    def schedule(self, kind: str, subject: str, *, after_seconds: float, **detail: Any) -> None:
        """Add a task that runs after this many seconds; ``kind`` selects what it does to ``subject``."""
        self.connection.execute(
            "INSERT INTO tasks (account, kind, subject, detail, due_at) VALUES (?, ?, ?, ?, ?)",
            (self.id, kind, subject, json.dumps(detail), time.time() + after_seconds),
        )
        self.queued = True

    def save_settings(self) -> None:
        """Store the account's current settings."""
        self.connection.execute(
            "UPDATE accounts SET settings = ? WHERE id = ?", (json.dumps(self.settings), self.id)
        )


def open_account(
    connection: sqlite3.Connection, account_id: str, *, origin: Origin | None = None, base_url: str = ""
) -> Account:
    """Return the stored state of an account; without a row, its settings are empty."""
    row = connection.execute("SELECT settings FROM accounts WHERE id = ?", (account_id,)).fetchone()
    settings = {} if row is None else dict(json.loads(row["settings"]))
    return Account(connection, account_id, origin or Origin(), base_url, settings)


def ensure_account(connection: sqlite3.Connection, account_id: str, name: str) -> None:
    """Create the account's row on its first request."""
    now = int(time.time())
    connection.execute(
        "INSERT OR IGNORE INTO accounts (id, name, created, settings) VALUES (?, ?, ?, ?)",
        (account_id, name, now, json.dumps({"name": name, "created": now})),
    )


def without_private_fields(body: Any) -> Any:
    """Return an object without the sandbox's private fields, whose names begin with an underscore."""
    if isinstance(body, dict):
        return {key: without_private_fields(value) for key, value in body.items() if not key.startswith("_")}
    if isinstance(body, list):
        return [without_private_fields(item) for item in body]
    return body

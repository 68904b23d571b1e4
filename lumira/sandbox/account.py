"""An account's objects, events and appointments, within one transaction."""

import json
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lumira.sandbox.errors import no_such


@dataclass(frozen=True)
class Origin:
    """The API request that causes something; both are None for what happens by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass
class Account:
    """Everything of one account; nothing of another can be reached through it."""

    connection: sqlite3.Connection
    id: str
    origin: Origin
    #: Where this sandbox is reached, for the pages that it hosts.
    base_url: str
    settings: dict[str, Any]
    #: Whether deliveries or appointments were made, so that somebody should be woken after the commit.
    queued: bool = False

    @property
    def now(self) -> int:
        """Seconds since the epoch, as Stripe stamps objects."""
        return int(time.time())

    def find(self, kind: str, identifier: str) -> dict[str, Any] | None:
        """An object of this account, or nothing; a deleted one is still found, marked so."""
        row = self.connection.execute(
            "SELECT body FROM objects WHERE id = ? AND account = ? AND kind = ?",
            (identifier, self.id, kind),
        ).fetchone()
        return None if row is None else dict(json.loads(row["body"]))

    def get(self, kind: str, identifier: str, *, param: str | None = None) -> dict[str, Any]:
        """An object of this account; otherwise Stripe's refusal, 404, or 400 where a parameter named it."""
        found = self.find(kind, identifier)
        if found is None or (param is not None and found.get("deleted")):
            raise no_such(kind, identifier, param=param or "id", in_url=param is None)
        return found

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep a new object."""
        self.connection.execute(
            "INSERT INTO objects (account, kind, id, created, body) VALUES (?, ?, ?, ?, ?)",
            (self.id, body["object"], body["id"], body["created"], json.dumps(body)),
        )
        return body

    def save(self, body: dict[str, Any]) -> dict[str, Any]:
        """Keep the new state of a known object."""
        self.connection.execute(
            "UPDATE objects SET body = ?, deleted = ? WHERE id = ? AND account = ?",
            (json.dumps(body), int(bool(body.get("deleted"))), body["id"], self.id),
        )
        return body

    def all(self, kind: str) -> Iterable[dict[str, Any]]:
        """Every object of a kind that still exists, oldest first."""
        rows = self.connection.execute(
            "SELECT body FROM objects WHERE account = ? AND kind = ? AND NOT deleted ORDER BY seq",
            (self.id, kind),
        )
        return [json.loads(row["body"]) for row in rows]

    def linked(self, kind: str, field: str, identifier: str) -> list[dict[str, Any]]:
        """Every object of a kind whose field names this id, oldest first."""
        rows = self.connection.execute(
            f"SELECT body FROM objects WHERE account = ? AND kind = ? AND json_extract(body, '$.{field}') = ?"  # noqa: S608
            " AND NOT deleted ORDER BY seq",
            (self.id, kind, identifier),
        )
        return [json.loads(row["body"]) for row in rows]

    def delay(self, *, slow: bool = False) -> float:
        """Seconds until what is not decided at once comes to its end, as the account's settings have it."""
        name, default = ("slow_delay_ms", 180_000) if slow else ("delay_ms", 2_000)
        return float(self.settings.get(name, default)) / 1000

    def schedule(self, kind: str, subject: str, *, after_seconds: float, **detail: Any) -> None:
        """Make an appointment; what is to be done then is known by ``kind``."""
        self.connection.execute(
            "INSERT INTO tasks (account, kind, subject, detail, due_at) VALUES (?, ?, ?, ?, ?)",
            (self.id, kind, subject, json.dumps(detail), time.time() + after_seconds),
        )
        self.queued = True

    def save_settings(self) -> None:
        """Keep the account's settings as they are now."""
        self.connection.execute(
            "UPDATE accounts SET settings = ? WHERE id = ?", (json.dumps(self.settings), self.id)
        )


def open_account(
    connection: sqlite3.Connection, account_id: str, *, origin: Origin | None = None, base_url: str = ""
) -> Account:
    """The books of an account that has called before."""
    row = connection.execute("SELECT settings FROM accounts WHERE id = ?", (account_id,)).fetchone()
    settings = {} if row is None else dict(json.loads(row["settings"]))
    return Account(connection, account_id, origin or Origin(), base_url, settings)


def ensure_account(connection: sqlite3.Connection, account_id: str, name: str) -> None:
    """Make an account exist from its first call on."""
    now = int(time.time())
    connection.execute(
        "INSERT OR IGNORE INTO accounts (id, name, created, settings) VALUES (?, ?, ?, ?)",
        (account_id, name, now, json.dumps({"name": name, "created": now})),
    )


def public(body: Any) -> Any:
    """An object as it is shown: without the sandbox's own notes, whose names begin with an underscore."""
    if isinstance(body, dict):
        return {key: public(value) for key, value in body.items() if not key.startswith("_")}
    if isinstance(body, list):
        return [public(item) for item in body]
    return body

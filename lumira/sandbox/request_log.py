"""The log of API requests, for tests that verify what was sent."""

import json
import sqlite3
import time
from typing import Any

_SECRET = frozenset(("number", "cvc", "iban", "account_number"))


def record(connection: sqlite3.Connection, account_id: str, entry: dict[str, Any]) -> None:
    """Record one request; numbers of cards and bank accounts are masked."""
    masked = {**entry, "params": _masked(entry["params"])}
    connection.execute(
        "INSERT INTO requests (account, at, entry) VALUES (?, ?, ?)",
        (account_id, time.time(), json.dumps(masked)),
    )


def list_requests(connection: sqlite3.Connection, account_id: str) -> list[dict[str, Any]]:
    """The account's requests, oldest first."""
    rows = connection.execute("SELECT at, entry FROM requests WHERE account = ? ORDER BY seq", (account_id,))
    return [{"at": row["at"], **json.loads(row["entry"])} for row in rows]


def _masked(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: "…" + item[-4:] if name in _SECRET and isinstance(item, str) else _masked(item)
        for name, item in value.items()
    }

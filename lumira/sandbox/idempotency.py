"""Idempotency keys as at Stripe: the first response is stored and replayed for 24 hours."""

import hashlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lumira.sandbox.errors import InvalidRequestError, KeyInUseError, KeyMismatchError

#: Stripe may delete a key after this long; the sandbox always does, so that no caller relies on more.
LIFETIME_SECONDS = 24 * 3600
_MAX_KEY_LENGTH = 255


@dataclass(frozen=True)
class StoredReply:
    """The first response under an idempotency key."""

    status: int
    body: str
    request_id: str


def read_key(method: str, header: str | None) -> str | None:
    """Return the idempotency key of this request; only a POST has one."""
    if method != "POST" or not header:
        return None
    if len(header) > _MAX_KEY_LENGTH:
        raise InvalidRequestError(f"Idempotency keys may be at most {_MAX_KEY_LENGTH} characters long.")
    return header


def fingerprint(method: str, path: str, params: dict[str, Any]) -> str:
    """Return a hash of what must be the same for a key to be used again."""
    canonical = json.dumps([method, path, params], sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_reply(
    connection: sqlite3.Connection, account_id: str, key: str, request_fingerprint: str
) -> StoredReply | None:
    """Return the stored response to replay, or None.

    Raises ``KeyMismatchError`` if the key was used for another request.
    """
    row = connection.execute(
        "SELECT * FROM idempotency_keys WHERE account = ? AND key = ?", (account_id, key)
    ).fetchone()
    if row is None or row["recorded_at"] < time.time() - LIFETIME_SECONDS:
        return None
    if row["fingerprint"] != request_fingerprint:
        raise KeyMismatchError(
            "Keys for idempotent requests can only be used with the same parameters they were first used "
            f"with. Try using a key other than '{key}' if you meant to execute a different request."
        )
    return StoredReply(row["status"], row["body"], row["request_id"])


def store_reply(
    connection: sqlite3.Connection, account_id: str, key: str, request_fingerprint: str, reply: StoredReply
) -> None:
    """Store the first response, in the transaction that produced it."""
    connection.execute(
        "INSERT OR REPLACE INTO idempotency_keys (account, key, fingerprint, status, body, request_id, "
        "recorded_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account_id, key, request_fingerprint, reply.status, reply.body, reply.request_id, time.time()),
    )


class InFlight:
    """The keys of running requests, in memory, so that a killed process releases them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[tuple[str, str]] = set()

    @contextmanager
    def claim(self, account_id: str, key: str | None) -> Iterator[None]:
        """Claim the key while the request runs; raises ``KeyInUseError`` (409) for a concurrent request."""
        if key is None:
            yield
            return
        with self._lock:
            if (account_id, key) in self._running:
                raise KeyInUseError(
                    "There is currently another in-progress request using this Stripe Idempotent Key (that "
                    "probably means you submitted twice, and the other request is still going through): "
                    f"{key}. If you want, you can retry this request using the same key.",
                    code="idempotency_key_in_use",
                )
            self._running.add((account_id, key))
        try:
            yield
        finally:
            with self._lock:
                self._running.discard((account_id, key))

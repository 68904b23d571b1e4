"""Injected faults: latency, error responses and dropped connections, at a permanent rate or for the next requests."""

import json
import random
import re
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import RateLimitedError, ServerError, StripeError

RATES = ("rate_429", "rate_500_before", "rate_500_after", "rate_drop_before", "rate_drop_after")
KINDS = (
    "latency",
    "429",
    "lock_timeout",
    "500_before",
    "500_after",
    "500_later",
    "drop_before",
    "drop_after",
)
_LOCKED = (
    "This object cannot be accessed right now because another API request or Stripe process is currently "
    "accessing it. If you see this error intermittently, retry the request. If you see this error frequently "
    "and are making multiple concurrent requests to a single object, make your requests serially or at a "
    "lower rate. For more details, see https://stripe.com/docs/rate-limits#object-lock-timeouts."
)
_random = random.SystemRandom()


@dataclass
class InjectedFaults:
    """The faults selected for one request."""

    latency_ms: float = 0
    kinds: list[str] = field(default_factory=list)
    #: When a request with the fault ``500_later`` is finished; None for the account's usual delay.
    finish_after_ms: float | None = None

    def has(self, kind: str) -> bool:
        """Whether this fault applies to the request."""
        return kind in self.kinds

    def error(self) -> StripeError | None:
        """The error to respond with before anything is executed, or None."""
        if self.has("429"):
            error: StripeError = RateLimitedError(
                "Request rate limit exceeded. You can learn more about rate limits here "
                "https://stripe.com/docs/rate-limits.",
                code="rate_limit",
            )
            error.headers["Stripe-Rate-Limited-Reason"] = "global-rate"
            return error
        if self.has("lock_timeout"):
            return RateLimitedError(_LOCKED, code="lock_timeout")
        return server_error() if self.has("500_before") else None


def server_error() -> ServerError:
    """Return Stripe's internal error (500)."""
    return ServerError(
        "Sorry! There was an error while talking to one of our backends. Please try your request again. If "
        "the problem persists, let us know at https://support.stripe.com/."
    )


def select(account: Account, method: str, path: str) -> InjectedFaults:
    """Return the faults for this request: the first matching queued fault, else a random one at the permanent rates."""
    permanent = account.settings.get("faults", {})
    injected = InjectedFaults(latency_ms=permanent.get("latency_ms", 0))
    queued_fault = _take_queued(account.connection, account.id, method, path)
    if queued_fault is not None:
        injected.kinds.append(queued_fault["fault"])
        if injected.has("500_later"):
            injected.finish_after_ms = queued_fault.get("ms")
        else:
            injected.latency_ms += queued_fault.get("ms", 0)
        return injected
    for name in RATES:
        if _random.random() < permanent.get(name, 0):
            injected.kinds.append(name.removeprefix("rate_"))
            break
    return injected


def enqueue(connection: sqlite3.Connection, account_id: str, spec: dict[str, Any]) -> None:
    """Queue a fault for the next ``times`` matching requests."""
    connection.execute(
        "INSERT INTO faults (account, spec, times) VALUES (?, ?, ?)",
        (account_id, json.dumps(spec), spec.get("times", 1)),
    )


def list_queued(connection: sqlite3.Connection, account_id: str) -> list[dict[str, Any]]:
    """The queued faults that have not been used up, oldest first."""
    rows = connection.execute("SELECT spec, times FROM faults WHERE account = ? ORDER BY id", (account_id,))
    return [{**json.loads(row["spec"]), "times": row["times"]} for row in rows]


def _take_queued(
    connection: sqlite3.Connection, account_id: str, method: str, path: str
) -> dict[str, Any] | None:
    rows = connection.execute(
        "SELECT id, spec, times FROM faults WHERE account = ? ORDER BY id", (account_id,)
    )
    for row in rows.fetchall():
        spec: dict[str, Any] = json.loads(row["spec"])
        if not _matches(spec, method, path):
            continue
        if row["times"] > 1:
            connection.execute("UPDATE faults SET times = times - 1 WHERE id = ?", (row["id"],))
        else:
            connection.execute("DELETE FROM faults WHERE id = ?", (row["id"],))
        return spec
    return None


def _matches(spec: dict[str, Any], method: str, path: str) -> bool:
    if spec.get("method") not in (None, "*", method):
        return False
    pattern = spec.get("path")
    return pattern is None or path.startswith(pattern) or re.fullmatch(pattern, path) is not None

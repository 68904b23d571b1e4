"""Stripe's side: what the sandbox's own books and events say has happened."""

import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.brands import Brand
from tests.chaos.installation import Installation
from tests.chaos.shop import Shop


@dataclass
class Intent:
    """One PaymentIntent and what belongs to it."""

    tenant: str
    id: str
    order_number: str | None
    status: str
    amount: int
    currency: str
    amount_received: int
    refunds: dict[str, dict[str, Any]]
    disputes: dict[str, dict[str, Any]]
    #: What each failed try is called: its charge, or its payment method where nothing was charged.
    failed_attempts: set[str] = field(default_factory=set)
    #: Refunds that had succeeded, also those that failed afterwards.
    succeeded_refunds: set[str] = field(default_factory=set)
    #: Disputes that were, at least at first, only a bank's question.
    inquiries: set[str] = field(default_factory=set)
    #: Whether a debit was ever on its way.
    was_processing: bool = False
    paid_at: float | None = None

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"


@dataclass(frozen=True, slots=True)
class Session:
    """One Checkout Session: a page of Stripe's, and how far its buyer came there."""

    id: str
    order_number: str | None
    status: str
    payment_status: str
    payment_intent: str | None

    @property
    def is_paid(self) -> bool:
        return self.payment_status == "paid"


@dataclass(frozen=True, slots=True)
class Event:
    tenant: str
    id: str
    type: str
    recorded_at: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that happened at Stripe."""

    intents: dict[str, Intent]
    #: Oldest first.
    sessions: list[Session]
    events: list[Event]
    #: Stripe customers by tenant and by the id of ours that each carries.
    customers: list[tuple[str, str | None]]
    deliveries: dict[str, int]


#: A page that nobody pays expires after half an hour, and nobody waits for that.
_SOON = 120.0


class Sandbox:
    """Reads the sandbox: its books over HTTP, its queue and its events in its file."""

    def __init__(self, installation: Installation, brands: dict[str, Brand], shops: dict[str, Shop]) -> None:
        self._path = installation.sandbox_state / "sandbox.sqlite3"
        self._tenants = {brand.account: slug for slug, brand in brands.items()}
        self._shops = shops

    def is_quiet(self) -> bool:
        """Whether nothing waits to happen soon, and no webhook to be delivered."""
        soon = time.time() + _SOON
        with self._open() as state:
            (tasks,) = state.execute("SELECT count(*) FROM tasks WHERE due_at < ?", (soon,)).fetchone()
            (owed,) = state.execute(
                "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'sending')"
            ).fetchone()
        return tasks == owed == 0

    def last_missed_at(self) -> float:
        """When the last event happened of which no webhook arrived: only reconciliation can bring it."""
        with self._open() as state:
            (last,) = state.execute(
                "SELECT max(recorded_at) FROM events e WHERE NOT EXISTS "
                "(SELECT 1 FROM deliveries d WHERE d.event = e.id AND d.status = 'delivered')"
            ).fetchone()
        return float(last or 0)

    def read(self) -> Truth:
        """The books and all events as of now."""
        intents: dict[str, Intent] = {}
        sessions: list[Session] = []
        for slug, shop in self._shops.items():
            books = shop.control("GET", "account").body
            intents |= {told["id"]: _intent(slug, told) for told in books["payment_intents"]}
            sessions += [_session(told) for told in books["checkout_sessions"]]
        with self._open() as state:
            accounts = {
                row["id"]: self._tenants[row["name"]]
                for row in state.execute("SELECT id, name FROM accounts")
            }
            events = [
                self._event(accounts, row, intents)
                for row in state.execute("SELECT * FROM events ORDER BY seq")
            ]
            customers = [
                (accounts[row["account"]], json.loads(row["body"])["metadata"].get("customerId"))
                for row in state.execute("SELECT account, body FROM objects WHERE kind = 'customer'")
            ]
            deliveries = _count_deliveries(state)
        return Truth(intents, sessions, events, customers, deliveries)

    def _event(self, accounts: dict[str, str], row: sqlite3.Row, intents: dict[str, Intent]) -> Event:
        told = json.loads(row["body"])["data"]["object"]
        is_intent = told["object"] == "payment_intent"
        intent = intents.get(told["id"] if is_intent else told.get("payment_intent") or "")
        if intent is not None:
            _learn(intent, row["type"], told, row["recorded_at"])
        return Event(accounts[row["account"]], row["id"], row["type"], row["recorded_at"])

    def story(self, intent_id: str) -> list[str]:
        """Every event of one payment and what became of its deliveries, for whoever investigates."""
        deliveries: dict[str, list[str]] = defaultdict(list)
        with self._open() as state:
            for row in state.execute("SELECT event, status, attempts FROM deliveries"):
                deliveries[row["event"]].append(f"{row['status']}/{row['attempts']}")
            found = state.execute(
                "SELECT id, type, recorded_at FROM events WHERE body LIKE ? ORDER BY seq", (f"%{intent_id}%",)
            ).fetchall()
        return [
            f"{row['recorded_at']:.3f} {row['type']} {row['id']} {deliveries[row['id']]}" for row in found
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()


def _intent(tenant: str, told: dict[str, Any]) -> Intent:
    return Intent(
        tenant=tenant,
        id=told["id"],
        order_number=told["order_number"],
        status=told["status"],
        amount=told["amount"],
        currency=told["currency"],
        amount_received=told["amount_received"],
        refunds={refund["id"]: refund for refund in told["refunds"]},
        disputes={dispute["id"]: dispute for dispute in told["disputes"]},
    )


def _session(told: dict[str, Any]) -> Session:
    return Session(
        id=told["id"],
        order_number=told["client_reference_id"],
        status=told["status"],
        payment_status=told["payment_status"],
        payment_intent=told["payment_intent"],
    )


def _learn(intent: Intent, event_type: str, told: dict[str, Any], at: float) -> None:
    if event_type == "payment_intent.payment_failed":
        error = told["last_payment_error"]
        intent.failed_attempts.add(error.get("charge") or error["payment_method"]["id"])
    elif event_type == "payment_intent.processing":
        intent.was_processing = True
    elif event_type == "payment_intent.succeeded":
        intent.paid_at = at
    elif told["object"] == "refund" and told["status"] == "succeeded":
        intent.succeeded_refunds.add(told["id"])
    elif told["object"] == "dispute" and told["status"].startswith("warning_"):
        intent.inquiries.add(told["id"])


def _count_deliveries(state: sqlite3.Connection) -> dict[str, int]:
    counted = {
        row["status"]: row["number"]
        for row in state.execute("SELECT status, count(*) AS number FROM deliveries GROUP BY status")
    }
    (copies,) = state.execute("SELECT count(*) FROM deliveries WHERE copy > 0").fetchone()
    (attempts,) = state.execute("SELECT coalesce(sum(attempts), 0) FROM deliveries").fetchone()
    return {**counted, "copies": copies, "attempts": attempts}

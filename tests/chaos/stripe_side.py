"""Stripe's side: the sandbox's objects and events."""

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
    """A PaymentIntent with its refunds and disputes, and what its events say."""

    tenant: str
    id: str
    order_number: str | None
    status: str
    amount: int
    currency: str
    amount_received: int
    refunds: dict[str, dict[str, Any]]
    disputes: dict[str, dict[str, Any]]
    #: Each failed attempt: its charge, or its payment method if there is no charge.
    failed_attempts: set[str] = field(default_factory=set)
    #: Refunds that succeeded, including those that failed afterwards.
    succeeded_refunds: set[str] = field(default_factory=set)
    #: Disputes that were inquiries, at least at first.
    inquiries: set[str] = field(default_factory=set)
    #: Whether it was ever processing, as a bank debit is.
    was_processing: bool = False
    #: The address that the buyer typed in the payment form.
    receipt_email: str | None = None
    paid_at: float | None = None

    @property
    def is_paid(self) -> bool:
        return self.status == "succeeded"


@dataclass(frozen=True, slots=True)
class Session:
    """A Checkout Session and its state."""

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
class StripeState:
    """All objects and events of the sandbox."""

    intents: dict[str, Intent]
    #: Oldest first.
    sessions: list[Session]
    events: list[Event]
    #: Of each Stripe customer: the tenant, and the id of the customer in Lumira.
    customers: list[tuple[str, str | None]]
    deliveries: dict[str, int]


#: An unpaid Checkout Session expires after half an hour, which the run does not wait for.
_SOON = 120.0


class Sandbox:
    """Reads the sandbox: its objects over HTTP, its tasks and events from its database file."""

    def __init__(self, installation: Installation, brands: dict[str, Brand], shops: dict[str, Shop]) -> None:
        self._path = installation.sandbox_state / "sandbox.sqlite3"
        self._tenants = {brand.account: slug for slug, brand in brands.items()}
        self._shops = shops

    def is_quiet(self) -> bool:
        """Return whether no task is due soon and no webhook is pending."""
        soon = time.time() + _SOON
        with self._open() as state:
            (tasks,) = state.execute("SELECT count(*) FROM tasks WHERE due_at < ?", (soon,)).fetchone()
            (pending,) = state.execute(
                "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'sending')"
            ).fetchone()
        return bool(tasks == pending == 0)

    def last_missed_at(self) -> float:
        """Return the time of the last event whose webhooks were all lost: only reconciliation finds it."""
        with self._open() as state:
            (last,) = state.execute(
                "SELECT max(recorded_at) FROM events e WHERE NOT EXISTS "
                "(SELECT 1 FROM deliveries d WHERE d.event = e.id AND d.status = 'delivered')"
            ).fetchone()
        return float(last or 0)

    def read(self) -> StripeState:
        """Return all objects and events as they are now."""
        intents: dict[str, Intent] = {}
        sessions: list[Session] = []
        for slug, shop in self._shops.items():
            account = shop.control("GET", "account").body
            intents |= {intent["id"]: _intent(slug, intent) for intent in account["payment_intents"]}
            sessions += [_session(session) for session in account["checkout_sessions"]]
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
        return StripeState(intents, sessions, events, customers, deliveries)

    def _event(self, accounts: dict[str, str], row: sqlite3.Row, intents: dict[str, Intent]) -> Event:
        subject = json.loads(row["body"])["data"]["object"]
        is_intent = subject["object"] == "payment_intent"
        intent = intents.get(subject["id"] if is_intent else subject.get("payment_intent") or "")
        if intent is not None:
            _record_event(intent, row["type"], subject, row["recorded_at"])
        return Event(accounts[row["account"]], row["id"], row["type"], row["recorded_at"])

    def history(self, intent_id: str) -> list[str]:
        """Return one line for each event of a payment, with the state of its deliveries."""
        deliveries: dict[str, list[str]] = defaultdict(list)
        with self._open() as state:
            for row in state.execute("SELECT event, status, attempts FROM deliveries"):
                deliveries[row["event"]].append(f"{row['status']}/{row['attempts']}")
            events = state.execute(
                "SELECT id, type, recorded_at FROM events WHERE body LIKE ? ORDER BY seq", (f"%{intent_id}%",)
            ).fetchall()
        return [
            f"{row['recorded_at']:.3f} {row['type']} {row['id']} {deliveries[row['id']]}" for row in events
        ]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)
        connection.row_factory = sqlite3.Row
        try:
            yield connection
        finally:
            connection.close()


def _intent(tenant: str, body: dict[str, Any]) -> Intent:
    return Intent(
        tenant=tenant,
        id=body["id"],
        order_number=body["order_number"],
        status=body["status"],
        amount=body["amount"],
        currency=body["currency"],
        amount_received=body["amount_received"],
        refunds={refund["id"]: refund for refund in body["refunds"]},
        disputes={dispute["id"]: dispute for dispute in body["disputes"]},
    )


def _session(body: dict[str, Any]) -> Session:
    return Session(
        id=body["id"],
        order_number=body["client_reference_id"],
        status=body["status"],
        payment_status=body["payment_status"],
        payment_intent=body["payment_intent"],
    )


def _record_event(intent: Intent, event_type: str, subject: dict[str, Any], at: float) -> None:
    if event_type == "payment_intent.payment_failed":
        error = subject["last_payment_error"]
        intent.failed_attempts.add(error.get("charge") or error["payment_method"]["id"])
    elif event_type == "payment_intent.processing":
        intent.was_processing = True
    elif event_type == "payment_intent.succeeded":
        intent.paid_at = at
        intent.receipt_email = subject["receipt_email"]
    elif subject["object"] == "refund" and subject["status"] == "succeeded":
        intent.succeeded_refunds.add(subject["id"])
    elif subject["object"] == "dispute" and subject["status"].startswith("warning_"):
        intent.inquiries.add(subject["id"])


def _count_deliveries(state: sqlite3.Connection) -> dict[str, int]:
    counted = {
        row["status"]: row["number"]
        for row in state.execute("SELECT status, count(*) AS number FROM deliveries GROUP BY status")
    }
    (copies,) = state.execute("SELECT count(*) FROM deliveries WHERE copy > 0").fetchone()
    (attempts,) = state.execute("SELECT coalesce(sum(attempts), 0) FROM deliveries").fetchone()
    return {**counted, "copies": copies, "attempts": attempts}

"""A summary of every payment of an account, as the reference that another system is compared with."""

import json
import sqlite3
from collections import defaultdict
from typing import Any

_KINDS = ("payment_intent", "charge", "refund", "dispute", "checkout.session")
_RELATED_FIELDS = {
    "charge": ("id", "status", "amount", "amount_refunded"),
    "refund": ("id", "amount", "status"),
    "dispute": ("id", "amount", "status"),
}
_SESSION_FIELDS = (
    "id", "client_reference_id", "status", "payment_status", "payment_intent", "amount_total", "currency",
)  # fmt: skip


def list_rows(connection: sqlite3.Connection, account_id: str) -> list[sqlite3.Row]:
    """Every payment, charge, refund, dispute and Checkout Session of the account, oldest first."""
    marks = ", ".join("?" for _ in _KINDS)
    return connection.execute(
        f"SELECT kind, body FROM objects WHERE account = ? AND kind IN ({marks}) ORDER BY seq",  # noqa: S608
        (account_id, *_KINDS),
    ).fetchall()


def summarize(rows: list[sqlite3.Row]) -> dict[str, Any]:
    """Return the payments, each with its charges, refunds and disputes, and the Checkout Sessions."""
    intents: list[dict[str, Any]] = []
    sessions: list[dict[str, Any]] = []
    related: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        kind, body = row["kind"], json.loads(row["body"])
        if kind == "payment_intent":
            intents.append(body)
        elif kind == "checkout.session":
            sessions.append({name: body[name] for name in _SESSION_FIELDS})
        else:
            fields = {name: body[name] for name in _RELATED_FIELDS[kind]}
            related[kind, body["payment_intent"]].append(fields)
    return {
        "payment_intents": [
            {
                "id": intent["id"],
                "order_number": intent["metadata"].get("orderNumber"),
                "status": intent["status"],
                "amount": intent["amount"],
                "currency": intent["currency"],
                "amount_received": intent["amount_received"],
                **{kind + "s": related[kind, intent["id"]] for kind in _RELATED_FIELDS},
            }
            for intent in intents
        ],
        "checkout_sessions": sessions,
    }

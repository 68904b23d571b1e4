"""Redacted objects hold no personal data, and everything that settling needs."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from lumira.domain.redaction import without_personal_data
from lumira.domain.stripe.objects import read_charge, read_dispute, read_intent, read_refund, read_session

WHO = {"email": "ana@example.org", "name": "Ana Martin", "phone": "+33 1", "address": {"line1": "1 rue Ana"}}
METADATA = {
    "orderNumber": "LUM-7Q2MZX41KD",
    "customerEmail": "ana@example.org",
    "friend": "Ana",
    "requestId": "ana-1",
}
FAILURE = {"charge": "ch_1", "code": "card_declined", "decline_code": "do_not_honor", "message": "Ana"}
INTENT = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "succeeded",
    "amount": 4700,
    "amount_received": 4700,
    "currency": "eur",
    "customer": "cus_1",
    "receipt_email": "ana@example.org",
    "latest_charge": {"id": "ch_1", "object": "charge", "billing_details": WHO},
    "payment_method": "pm_1",
    "last_payment_error": FAILURE | {"payment_method": {"id": "pm_1", "billing_details": WHO}},
    "shipping": WHO,
    "livemode": False,
    "metadata": METADATA,
}
SESSION = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "amount_total": 4700,
    "currency": "eur",
    "expires_at": 1_800_000_000,
    "payment_intent": "pi_1",
    "customer_details": WHO,
    "customer_email": "ana@example.org",
    "metadata": METADATA,
}
CHARGE = {
    "id": "ch_1",
    "object": "charge",
    "amount": 4700,
    "amount_captured": 4700,
    "amount_refunded": 1000,
    "captured": True,
    "currency": "eur",
    "payment_intent": "pi_1",
    "billing_details": WHO,
    "payment_method_details": {"card": {"last4": "4242"}},
    "metadata": METADATA,
}
REFUND = {
    "id": "re_1",
    "object": "refund",
    "status": "succeeded",
    "amount": 1000,
    "currency": "eur",
    "charge": "ch_1",
    "payment_intent": "pi_1",
    "instructions_email": "ana@example.org",
    "metadata": {"refundRequest": "01980000-0000-7000-8000-000000000000", "friend": "Ana"},
}
DISPUTE = {
    "id": "du_1",
    "object": "dispute",
    "status": "needs_response",
    "amount": 4700,
    "currency": "eur",
    "charge": "ch_1",
    "reason": "fraudulent",
    "balance_transactions": [{"id": "txn_1", "description": "Ana"}],
    "evidence": {"customer_name": "Ana Martin"},
    "evidence_details": {"due_by": 1_800_000_000},
}

Reader = Callable[[Mapping[str, Any]], Any]


@pytest.mark.parametrize(
    ("stripe_object", "read"),
    [(CHARGE, read_charge), (REFUND, read_refund), (DISPUTE, read_dispute)],
)
def test_redaction_leaves_what_handlers_read(stripe_object: dict[str, Any], read: Reader) -> None:
    assert read(without_personal_data(stripe_object)) == read(stripe_object)


def test_redaction_of_a_payment_or_session_removes_personal_data_only() -> None:
    intent, page = read_intent(without_personal_data(INTENT)), read_session(without_personal_data(SESSION))
    kept = {"orderNumber": "LUM-7Q2MZX41KD"}
    assert intent == replace(read_intent(INTENT), metadata=kept)
    assert page == replace(read_session(SESSION), metadata=kept, customer_email=None)


@pytest.mark.parametrize("stripe_object", [INTENT, SESSION, CHARGE, REFUND, DISPUTE])
def test_redaction_removes_personal_data_and_is_idempotent(stripe_object: dict[str, Any]) -> None:
    event = {
        "id": "evt_1",
        "type": "t",
        "data": {"object": stripe_object, "previous_attributes": {"name": "Ana"}},
    }
    left = without_personal_data(event)
    assert "ana" not in json.dumps(left).lower()
    assert left["data"]["object"]["id"] == stripe_object["id"]
    assert without_personal_data(left) == left


@pytest.mark.parametrize(
    "name", ["level", "source", "productName", "timestamp", "orderNumber", "refundRequest"]
)
def test_metadata_with_our_key_and_another_format_is_removed(name: str) -> None:
    left = without_personal_data({"id": "ch_1", "metadata": {name: "For Ana Martin"}})
    assert left == {"id": "ch_1", "metadata": {}}


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("lumira-order-01980000-0000-7000-8000-000000000000-1", True),
        ("lumira-expire-cs_test_1", True),
        ("charge-ana@example.org", False),
        ("lumira-for ana", False),
        ("lumira-order-ana@example.org", False),
        (None, False),
    ],
)
def test_only_idempotency_keys_of_lumira_remain(key: str | None, *, kept: bool) -> None:
    stripe_object = {"id": "evt_1", "request": {"id": "req_1", "idempotency_key": key}}
    left = {"id": "req_1", "idempotency_key": key if kept else None}
    assert without_personal_data(stripe_object)["request"] == left

"""Dispute objects: their fields and their balance transactions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.balance.transactions import record_movement
from lumira.sandbox.ids import random_id

#: A bank accepts evidence for about three weeks, until the end of the day.
_DAYS_TO_RESPOND = 21
#: Minor units, for each chargeback; returned with the amount when the dispute is won.
_FEE = 1500
_EVIDENCE = (
    "access_activity_log", "appeal", "billing_address", "cancellation_policy",
    "cancellation_policy_disclosure", "cancellation_rebuttal", "customer_communication",
    "customer_email_address", "customer_name", "customer_purchase_ip", "customer_signature",
    "duplicate_charge_documentation", "duplicate_charge_explanation", "duplicate_charge_id",
    "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address",
    "shipping_carrier", "shipping_date", "shipping_documentation", "shipping_tracking_number",
    "uncategorized_file", "uncategorized_text",
)  # fmt: skip
#: Visa's codes for the reasons of card disputes; an inquiry has only the number before the dot.
_NETWORK_CODES = {
    "credit_not_processed": "13.6", "duplicate": "12.6", "fraudulent": "10.4", "general": "12.5",
    "product_not_received": "13.1", "product_unacceptable": "13.3", "subscription_canceled": "13.2",
    "unrecognized": "10.4",
}  # fmt: skip
REASONS = (
    *_NETWORK_CODES, "bank_cannot_process", "check_returned", "customer_initiated", "debit_not_authorized",
    "incorrect_account_details", "insufficient_funds", "noncompliant",
)  # fmt: skip


def new_dispute(
    account: Account,
    charge: dict[str, Any],
    *,
    amount: int,
    currency: str | None,
    reason: str,
    status: str,
) -> dict[str, Any]:
    """Return a new dispute, before any balance transaction; its currency is the charge's if none is passed."""
    is_open = status.endswith("needs_response")
    dispute = {
        "id": "du_1" + random_id("", 23)[1:],
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": account.now,
        "currency": currency or charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(_EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": _end_of_day(_DAYS_TO_RESPOND) if is_open else None,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": "manual",
        "is_charge_refundable": False,
        "livemode": False,
        # A dispute has its own metadata; the payment's metadata is not copied.
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "payment_method_details": None,
        "reason": reason,
        "status": status,
    }
    describe(dispute, charge)
    return dispute


def describe(dispute: dict[str, Any], charge: dict[str, Any]) -> None:
    """Set the fields that depend on the status: case type, reason code, and whether refunds are possible."""
    is_inquiry = dispute["status"].startswith("warning_")
    code = _NETWORK_CODES.get(dispute["reason"])
    if code is not None and is_inquiry:
        code = code.partition(".")[0]
    details = charge["payment_method_details"]
    if details["type"] == "card":
        brand = details["card"]["brand"]
        dispute["payment_method_details"] = {
            "card": {
                "brand": brand,
                "case_type": "inquiry" if is_inquiry else "chargeback",
                "network": brand,
                "network_reason_code": code,
            },
            "type": "card",
        }
    dispute["network_reason_code"] = code if details["type"] == "card" else None
    dispute["is_charge_refundable"] = (is_inquiry or dispute["status"] == "won") and not charge["refunded"]


def withdraw(account: Account, dispute: dict[str, Any]) -> None:
    """Withdraw the disputed amount and the fee from the account's balance."""
    dispute["balance_transactions"].append(
        _movement(account, dispute, sign=-1, title="Chargeback withdrawal", category="dispute")
    )


def reinstate(account: Account, dispute: dict[str, Any]) -> None:
    """Return the disputed amount and the fee to the account's balance."""
    dispute["balance_transactions"].append(
        _movement(account, dispute, sign=1, title="Chargeback reversal", category="dispute_reversal")
    )


def _movement(
    account: Account, dispute: dict[str, Any], *, sign: int, title: str, category: str
) -> dict[str, Any]:
    return record_movement(
        account,
        kind="adjustment",
        category=category,
        source=dispute["id"],
        amount=sign * dispute["amount"],
        currency=dispute["currency"],
        fee=-sign * _FEE,
        fee_description="Dispute fee",
        description=f"{title} for {dispute['charge']}",
    )


def _end_of_day(days: int) -> int:
    last = datetime.now(tz=UTC) + timedelta(days=days)
    return int(last.replace(hour=23, minute=59, second=59, microsecond=0).timestamp())

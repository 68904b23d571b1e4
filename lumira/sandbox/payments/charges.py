"""Charges: one for each payment attempt, with a copy of the intent's metadata at that time."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.balance.late_charges import book_later
from lumira.sandbox.balance.transactions import record_charge
from lumira.sandbox.ids import payment_id, random_id
from lumira.sandbox.payments.instruments import BANK_TRANSFER, Decline
from lumira.sandbox.payments.methods import instrument_of


def open_charge(
    account: Account,
    intent: dict[str, Any],
    method: dict[str, Any],
    *,
    decline: Decline | None = None,
    pending: bool = False,
    authenticated: bool = False,
) -> dict[str, Any]:
    """Store the charge of an attempt: failed with ``decline``, ``pending`` for delayed methods, else succeeded."""
    charge = _new_charge(account, intent, method)
    charge["payment_method_details"] = _method_details(intent, method, authenticated=authenticated)
    if decline is not None:
        _fail(charge, decline)
    elif pending:
        charge["status"] = "pending"
    else:
        _succeed(charge, captured=intent["capture_method"] != "manual")
    account.add(charge)
    if charge["captured"]:
        book_later(account, charge)
    return charge


def finish_charge(account: Account, charge: dict[str, Any], decline: Decline | None) -> dict[str, Any]:
    """Set the outcome of a pending charge."""
    if decline is not None:
        _fail(charge, decline)
    else:
        _succeed(charge, captured=True)
        book_later(account, charge)
    return account.save(charge)


def capture_charge(account: Account, charge: dict[str, Any], amount: int) -> dict[str, Any]:
    """Capture an authorized amount (minor units) or part of it; the remainder counts as refunded."""
    charge.update(captured=True, amount_captured=amount, amount_refunded=charge["amount"] - amount)
    charge["balance_transaction"] = record_charge(account, charge)
    return account.save(charge)


def _succeed(charge: dict[str, Any], *, captured: bool) -> None:
    charge.update(
        status="succeeded",
        paid=True,
        captured=captured,
        amount_captured=charge["amount"] if captured else 0,
        balance_transaction=None,
        outcome=_outcome("authorized", "approved_by_network", "Payment complete."),
    )
    if charge["payment_method_details"]["type"] == "card":
        checks = charge["payment_method_details"]["card"]["checks"]
        checks["cvc_check"] = "pass" if checks["cvc_check"] else None


def _fail(charge: dict[str, Any], decline: Decline) -> None:
    charge.update(
        status="failed",
        paid=False,
        captured=False,
        amount_captured=0,
        balance_transaction=None,
        failure_code=decline.code,
        failure_message=decline.message,
        outcome={
            **_outcome(
                "issuer_declined", "declined_by_network", "The bank did not return any further details."
            ),
            "advice_code": decline.advice_code,
            "reason": decline.decline_code or decline.code,
        },
    )


def _outcome(kind: str, network: str, message: str) -> dict[str, Any]:
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": network,
        "reason": None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": message,
        "type": kind,
    }


def _new_charge(account: Account, intent: dict[str, Any], method: dict[str, Any]) -> dict[str, Any]:
    copied = ("amount", "currency", "customer", "description", "on_behalf_of", "receipt_email", "shipping")
    empty = (
        "application", "application_fee", "application_fee_amount", "authorization_code",
        "balance_transaction",
        "failure_balance_transaction", "failure_code", "failure_message", "level3", "outcome",
        # The sandbox creates no receipts, so there is no `receipt_url`.
        "presentment_details", "receipt_number", "receipt_url", "review", "source", "source_transfer",
        "statement_descriptor", "transfer", "transfer_data", "transfer_group",
    )  # fmt: skip
    suffix = intent["statement_descriptor_suffix"]
    return {
        "id": payment_id("ch" if method["type"] == "card" else "py"),
        "object": "charge",
        **{name: intent[name] for name in copied},
        **dict.fromkeys(empty),
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": f"LUMIRA* {suffix}".upper() if suffix else "LUMIRA",
        "captured": False,
        "created": account.now,
        "disputed": False,
        "fraud_details": {},
        "livemode": False,
        # A copy: later changes of the intent's metadata do not affect the charge.
        "metadata": dict(intent["metadata"]),
        "paid": False,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "radar_options": {},
        "refunded": False,
        "statement_descriptor_suffix": suffix,
        "status": "pending",
    }


def _method_details(intent: dict[str, Any], method: dict[str, Any], *, authenticated: bool) -> dict[str, Any]:
    kind = method["type"]
    details = dict(method[kind])
    if kind == "card":
        details = {name: details[name] for name in _CARD_FIELDS if name in details}
        details["checks"] = dict(details["checks"])
        details.update(
            amount_authorized=intent["amount"],
            authorization_code=None,
            extended_authorization={"status": "disabled"},
            incremental_authorization={"status": "unavailable"},
            installments=None,
            mandate=None,
            multicapture={"status": "unavailable"},
            network=instrument_of(method).brand,
            network_token={"used": False},
            network_transaction_id=None,
            overcapture={"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
            three_d_secure=_three_d_secure() if authenticated else None,
        )
    elif kind != BANK_TRANSFER.type:
        details.pop("generated_from", None)
        details.pop("networks", None)
        details["mandate"] = random_id("mandate_1", 23).replace("mandate_1_", "mandate_1")
    return {kind: details, "type": kind}


_CARD_FIELDS = (
    "brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4",
    "regulated_status", "wallet",
)  # fmt: skip


def _three_d_secure() -> dict[str, Any]:
    return {
        "authentication_flow": "challenge",
        "electronic_commerce_indicator": "05",
        "exemption_indicator": None,
        "result": "authenticated",
        "result_reason": None,
        "transaction_id": random_id("", 36)[1:],
        "version": "2.2.0",
    }

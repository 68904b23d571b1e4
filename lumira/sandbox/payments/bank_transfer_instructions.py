"""Bank transfers (``customer_balance``): the instructions that a PaymentIntent shows until the money arrives."""

import hashlib
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.events import emit
from lumira.sandbox.ids import random_id

_ADDRESS = {"city": "Dublin", "country": "IE", "line1": "1 Grand Canal Street", "line2": None,
            "postal_code": "D02 H210", "state": None}  # fmt: skip
_INSTRUCTIONS_URL = "https://payments.stripe.com/bank_transfers/instructions/"


def await_bank_transfer(account: Account, intent: dict[str, Any]) -> dict[str, Any]:
    """Set the status ``requires_action`` with the bank account to which the buyer sends the whole amount."""
    intent.update(
        status="requires_action",
        next_action={
            "type": "display_bank_transfer_instructions",
            "display_bank_transfer_instructions": _instructions(account, intent),
        },
    )
    account.save(intent)
    emit(account, "payment_intent.requires_action", intent)
    return intent


def awaits_bank_transfer(intent: dict[str, Any]) -> bool:
    """Whether the payment waits for a bank transfer, of which a part may have arrived."""
    next_action = intent["next_action"] or {}
    return next_action.get("type") == "display_bank_transfer_instructions"


def _instructions(account: Account, intent: dict[str, Any]) -> dict[str, Any]:
    iban = {
        "account_holder_address": _ADDRESS,
        "account_holder_name": account.settings.get("name", "sandbox"),
        "bank_address": _ADDRESS,
        "bic": "STRPIE2DXXX",
        "country": "IE",
        "iban": _iban_of(intent["customer"]),
    }
    return {
        "amount_remaining": intent["amount"],
        "currency": intent["currency"],
        "financial_addresses": [{"iban": iban, "supported_networks": ["sepa"], "type": "iban"}],
        "hosted_instructions_url": _INSTRUCTIONS_URL + random_id("test", 40),
        "reference": random_id("", 12)[1:].upper(),
        "type": "eu_bank_transfer",
    }


def _iban_of(customer_id: str) -> str:
    """Return the virtual bank account of a customer, the same for all of the customer's payments."""
    digits = int(hashlib.sha256(customer_id.encode()).hexdigest(), 16) % 10**14
    unchecked = f"STRP{digits:014d}IE00"
    number = int("".join(str(int(character, 36)) for character in unchecked))
    return f"IE{98 - number % 97:02d}STRP{digits:014d}"

"""Arrival of a bank transfer: the whole amount, or a part of it."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.completion import sync_session
from lumira.sandbox.errors import InvalidStateError
from lumira.sandbox.events import emit
from lumira.sandbox.limits import format_money
from lumira.sandbox.payments.bank_transfer_instructions import awaits_bank_transfer
from lumira.sandbox.payments.charges import open_charge
from lumira.sandbox.payments.confirmation import succeed


def receive_bank_transfer(account: Account, intent: dict[str, Any], amount: int | None) -> dict[str, Any]:
    """Add ``amount`` (minor units), by default what is missing; the intent succeeds when nothing is missing.

    Raises ``InvalidStateError`` if the intent does not wait for a transfer, or for more than is missing.
    """
    if not awaits_bank_transfer(intent):
        raise InvalidStateError(
            f"PaymentIntent {intent['id']} does not wait for a bank transfer; its status is {intent['status']}.",
            param="payment_intent",
        )
    instructions = intent["next_action"]["display_bank_transfer_instructions"]
    missing = instructions["amount_remaining"]
    arrived = missing if amount is None else amount
    if arrived > missing:
        raise InvalidStateError(
            f"Only {format_money(missing, intent['currency'])} is missing; an excess is not supported.",
            param="amount",
        )
    instructions["amount_remaining"] = missing - arrived
    if arrived < missing:
        account.save(intent)
        emit(account, "payment_intent.partially_funded", intent)
        return intent
    method = account.get("payment_method", intent["payment_method"])
    charge = open_charge(account, intent, method)
    emit(account, "charge.succeeded", charge)
    intent.update(latest_charge=charge["id"], next_action=None)
    succeed(account, intent)
    sync_session(account, intent)
    return intent

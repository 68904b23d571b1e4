"""Steps after the confirmation: authentication, delayed outcome, cancellation, capture."""

from typing import Any

from lumira.sandbox.account import Account, without_private_fields
from lumira.sandbox.checkout.completion import sync_session
from lumira.sandbox.errors import CardDeclinedError, InvalidRequestError, InvalidStateError
from lumira.sandbox.events import emit
from lumira.sandbox.payments.bank_transfer_instructions import awaits_bank_transfer
from lumira.sandbox.payments.charges import capture_charge, finish_charge
from lumira.sandbox.payments.confirmation import charge, fail, succeed
from lumira.sandbox.payments.instruments import Decline
from lumira.sandbox.payments.intents import CANCELABLE_STATUSES
from lumira.sandbox.payments.methods import instrument_of

_UNEXPECTED = "payment_intent_unexpected_state"
_NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try "
    "again.",
)


def authenticate(account: Account, intent: dict[str, Any], *, authorized: bool) -> dict[str, Any]:
    """Apply the result of the buyer's authentication; an intent that does not require it does not change."""
    if intent["status"] != "requires_action" or awaits_bank_transfer(intent):
        return intent
    method = account.get("payment_method", intent["payment_method"])
    if not authorized:
        fail(account, intent, method, _NOT_AUTHENTICATED, None)
        return intent
    try:
        charge(account, intent, method, instrument_of(method), authenticated=True)
    except CardDeclinedError:
        # The bank declined after authentication: the intent records it, and the buyer returns to the shop.
        return intent
    sync_session(account, intent)
    return intent


def finish_delayed_payment(account: Account, intent_id: str) -> None:
    """Set the outcome of a payment that is processing."""
    intent = account.find("payment_intent", intent_id)
    if intent is None or intent["status"] != "processing":
        return
    method = account.get("payment_method", intent["payment_method"])
    reason = instrument_of(method).decline
    finished = finish_charge(account, account.get("charge", intent["latest_charge"]), reason)
    if reason is None:
        emit(account, "charge.succeeded", finished)
        succeed(account, intent)
    else:
        emit(account, "charge.failed", finished)
        fail(account, intent, method, reason, finished["id"])
    sync_session(account, intent)


def cancel(account: Account, intent: dict[str, Any], reason: str | None) -> dict[str, Any]:
    """Cancel the intent.

    Raises ``InvalidStateError`` if the payment has succeeded or is processing.
    """
    status = intent["status"]
    if status not in CANCELABLE_STATUSES or status == "processing":
        raise InvalidStateError(
            f"You cannot cancel this PaymentIntent because it has a status of {status}. Only a "
            f"PaymentIntent with one of the following statuses may be canceled: {', '.join(CANCELABLE_STATUSES)}.",
            code=_UNEXPECTED,
            payment_intent=without_private_fields(intent),
        )
    intent.update(
        status="canceled",
        canceled_at=account.now,
        cancellation_reason=reason,
        next_action=None,
        amount_capturable=0,
    )
    account.save(intent)
    emit(account, "payment_intent.canceled", intent)
    return intent


def capture(account: Account, intent: dict[str, Any], amount: int | None) -> dict[str, Any]:
    """Capture the authorized amount, or ``amount`` of it (minor units).

    Raises ``InvalidStateError`` if nothing is authorized, ``InvalidRequestError`` for an amount out of range.
    """
    if intent["status"] != "requires_capture":
        raise InvalidStateError(
            "This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be captured: "
            "requires_capture.",
            code=_UNEXPECTED,
            payment_intent=without_private_fields(intent),
        )
    requested = intent["amount_capturable"] if amount is None else amount
    if not 0 < requested <= intent["amount_capturable"]:
        raise InvalidRequestError(
            "The requested amount is higher than the maximum amount capturable.",
            code="amount_too_large" if requested > 0 else "parameter_invalid_integer",
            param="amount_to_capture",
        )
    captured = capture_charge(account, account.get("charge", intent["latest_charge"]), requested)
    emit(account, "charge.captured", captured)
    succeed(account, intent, requested)
    sync_session(account, intent)
    return intent

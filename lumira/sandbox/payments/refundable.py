"""Which charges and amounts can be refunded, with Stripe's errors in Stripe's order."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError, no_such_object
from lumira.sandbox.limits import format_money
from lumira.sandbox.payments.disputes import blocks_refunds


def charge_named(account: Account, charge_id: str | None, intent_id: str | None) -> dict[str, Any]:
    """Return the charge of a refund request, by its own id or by its PaymentIntent's.

    Raises ``NotFoundError``, ``InvalidRequestError`` or ``InvalidStateError``, as Stripe does.
    """
    if charge_id and intent_id:
        raise InvalidRequestError(
            "You may only specify one of these parameters: charge, payment_intent.", param="payment_intent"
        )
    if charge_id:
        # Stripe responds 404 here, as if the charge's id were in the URL.
        return account.get("charge", charge_id)
    if not intent_id:
        raise InvalidRequestError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    intent = account.find("payment_intent", intent_id)
    if intent is None:
        raise no_such_object("payment_intent", intent_id, param="payment_intent", in_url=False)
    charge = account.find("charge", intent["latest_charge"]) if intent["latest_charge"] else None
    if charge is None:
        raise _no_successful_charge(intent_id)
    return charge


def amount_to_refund(account: Account, charge: dict[str, Any], amount: int | None) -> int:
    """Return the amount to refund in minor units: the requested amount, by default the remaining one.

    Raises ``InvalidRequestError`` or ``InvalidStateError`` if the charge or the amount cannot be refunded.
    """
    if amount is not None and amount < 1:
        raise InvalidRequestError(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise _no_successful_charge(charge["payment_intent"])
    if charge["disputed"] and any(
        map(blocks_refunds, account.list_linked("dispute", "charge", charge["id"]))
    ):
        raise InvalidStateError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    remaining = charge["amount"] - charge["amount_refunded"]
    if remaining == 0:
        raise InvalidStateError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    requested = remaining if amount is None else amount
    if requested > remaining:
        currency = charge["currency"]
        raise InvalidStateError(
            f"Refund amount ({format_money(requested, currency)}) is greater than unrefunded amount on charge "
            f"({format_money(remaining, currency)})",
            param="amount",
        )
    return requested


def _no_successful_charge(intent_id: str) -> InvalidStateError:
    return InvalidStateError(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")

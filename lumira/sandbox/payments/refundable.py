"""What may be refunded: Stripe's refusals, in Stripe's order."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError, no_such
from lumira.sandbox.limits import money
from lumira.sandbox.payments.disputes import blocks_refunds


def charge_named(account: Account, charge_id: str | None, intent_id: str | None) -> dict[str, Any]:
    """The one charge that a request means, by its own id or by its intent's."""
    if charge_id and intent_id:
        raise InvalidRequestError(
            "You may only specify one of these parameters: charge, payment_intent.", param="payment_intent"
        )
    if charge_id:
        # Stripe answers 404 here, as if the charge's id had been in the address.
        return account.get("charge", charge_id)
    if not intent_id:
        raise InvalidRequestError(
            "One of the following params should be provided for this request: payment_intent or charge.",
            code="parameter_missing",
        )
    intent = account.find("payment_intent", intent_id)
    if intent is None:
        raise no_such("payment_intent", intent_id, param="payment_intent", in_url=False)
    charge = account.find("charge", intent["latest_charge"]) if intent["latest_charge"] else None
    if charge is None:
        raise _no_successful_charge(intent_id)
    return charge


def amount_to_refund(account: Account, charge: dict[str, Any], amount: int | None) -> int:
    """The amount asked for, or all that is left of a charge that may be refunded at all."""
    if amount is not None and amount < 1:
        raise InvalidRequestError(
            "Invalid positive integer", code="parameter_invalid_integer", param="amount"
        )
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise _no_successful_charge(charge["payment_intent"])
    if charge["disputed"] and any(map(blocks_refunds, account.linked("dispute", "charge", charge["id"]))):
        raise InvalidStateError(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    rest = charge["amount"] - charge["amount_refunded"]
    if rest == 0:
        raise InvalidStateError(
            f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded"
        )
    wanted = rest if amount is None else amount
    if wanted > rest:
        currency = charge["currency"]
        raise InvalidStateError(
            f"Refund amount ({money(wanted, currency)}) is greater than unrefunded amount on charge "
            f"({money(rest, currency)})",
            param="amount",
        )
    return wanted


def _no_successful_charge(intent_id: str) -> InvalidStateError:
    return InvalidStateError(f"This PaymentIntent ({intent_id}) does not have a successful charge to refund.")

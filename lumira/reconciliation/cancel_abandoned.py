"""Closing at Stripe what an abandoned order could still be paid with: a Checkout Session or a PaymentIntent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.clients import stripe_client
from lumira.repositories.stripe_accounts import StripeAccount
from lumira.services.checkout.call_stripe import close_session

_CANCELABLE_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")
#: Next actions with which a buyer may be about to pay outside the browser, for days: a bank transfer or a voucher.
_PAID_OFFLINE = ("display_bank_transfer_instructions", "verify_with_microdeposits")
_VOUCHER_SUFFIX = "_display_details"


@dataclass(frozen=True, slots=True)
class Closing:
    """An object as Stripe holds it after the attempt to close it."""

    stripe_object: dict[str, Any]
    #: Whether it was closed by this attempt.
    is_closed: bool


def expire_session(account: StripeAccount, session: dict[str, Any]) -> Closing:
    """Expire a Checkout Session that is still open."""
    if session.get("status") != "open":
        return Closing(session, is_closed=False)
    session = close_session(account, session["id"])
    return Closing(session, is_closed=session.get("status") == "expired")


def cancel_intent(account: StripeAccount, intent: dict[str, Any], *, poll: int) -> Closing:
    """Cancel a PaymentIntent that is not paid and not about to be paid offline; `poll` counts the order's polls."""
    if intent.get("status") not in _CANCELABLE_STATUSES or _is_paid_offline(intent):
        return Closing(intent, is_closed=False)
    try:
        canceled = stripe_client.cancel_payment_intent(
            account, intent["id"], key=f"lumira-abandon-{intent['id']}-{poll}"
        )
    except stripe_client.StripeRefused:
        # It was paid in the meantime, or its state does not allow it: the intent itself shows which.
        return Closing(stripe_client.get_payment_intent(account, intent["id"]), is_closed=False)
    return Closing(canceled, is_closed=True)


def _is_paid_offline(intent: Mapping[str, Any]) -> bool:
    action = intent.get("next_action")
    kind = action.get("type") if isinstance(action, Mapping) else None
    return isinstance(kind, str) and (kind in _PAID_OFFLINE or kind.endswith(_VOUCHER_SUFFIX))

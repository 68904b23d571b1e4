"""Closing at Stripe what an abandoned order could still be paid with: a Checkout Session or a PaymentIntent."""

from dataclasses import dataclass
from typing import Any

from lumira.clients import stripe_client
from lumira.domain.stripe.objects import is_paid_offline
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.call_stripe import close_session

_CANCELABLE_STATUSES = ("requires_payment_method", "requires_confirmation", "requires_action")


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


def cancel_intent(
    account: StripeAccount, intent: dict[str, Any], *, poll: int, closes_transfers: bool = False
) -> Closing:
    """Cancel a PaymentIntent that is not paid; `poll` counts the order's polls.

    One that is about to be paid by a bank transfer is canceled only with `closes_transfers`.
    """
    is_kept = is_paid_offline(intent) and not closes_transfers
    if intent.get("status") not in _CANCELABLE_STATUSES or is_kept:
        return Closing(intent, is_closed=False)
    try:
        canceled = stripe_client.cancel_payment_intent(
            account, intent["id"], key=f"lumira-abandon-{intent['id']}-{poll}"
        )
    except stripe_client.StripeRefused:
        # It was paid in the meantime, its state does not allow it, or it is of a complete session: Stripe closes none
        # of these. The intent itself shows which.
        return Closing(stripe_client.get_payment_intent(account, intent["id"]), is_closed=False)
    return Closing(canceled, is_closed=True)

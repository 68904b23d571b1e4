"""Synchronizes a Checkout Session with the state of its payment."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.events import emit
from lumira.sandbox.payments.bank_transfer_instructions import awaits_bank_transfer

#: The buyer has nothing left to do in these statuses.
_DONE = ("succeeded", "processing", "requires_capture")


def is_submitted(intent: dict[str, Any]) -> bool:
    """Whether the buyer has nothing left to do on the page: a bank transfer is made at the buyer's bank."""
    return intent["status"] in _DONE or awaits_bank_transfer(intent)


def sync_session(account: Account, intent: dict[str, Any]) -> None:
    """Update the session of a PaymentIntent, if it has one, to the intent's state."""
    session_id = intent.get("_session")
    if session_id is None:
        return
    session = account.get(KIND, session_id)
    paid = intent["status"] == "succeeded"
    if session["status"] == "open" and is_submitted(intent):
        complete(account, session, payment_status="paid" if paid else "unpaid")
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        _sync_delayed_payment(account, session, intent, paid=paid)


def complete(account: Account, session: dict[str, Any], *, payment_status: str) -> None:
    """Complete a session; it cannot be paid again."""
    session.update(status="complete", payment_status=payment_status, url=None)
    account.save(session)
    emit(account, "checkout.session.completed", session)


def _sync_delayed_payment(
    account: Account, session: dict[str, Any], intent: dict[str, Any], *, paid: bool
) -> None:
    if paid:
        session["payment_status"] = "paid"
        account.save(session)
    if intent["capture_method"] == "manual":
        # The account captured the payment itself, so Stripe sends no event about it.
        return
    if paid:
        emit(account, "checkout.session.async_payment_succeeded", session)
    elif intent["status"] == "requires_payment_method":
        # The session is complete, so the buyer cannot retry the payment on it.
        emit(account, "checkout.session.async_payment_failed", session)

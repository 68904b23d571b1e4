"""Expiry of unpaid Checkout Sessions."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.errors import InvalidStateError
from lumira.sandbox.events import emit
from lumira.sandbox.payments import outcomes


def expire(account: Account, session: dict[str, Any]) -> dict[str, Any]:
    """Expire an open session and cancel its PaymentIntent.

    Raises ``InvalidStateError`` if the session is not open.
    """
    if session["status"] != "open":
        raise InvalidStateError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{session['status']}`."
        )
    if session["payment_intent"] is not None:
        intent = account.get("payment_intent", session["payment_intent"])
        outcomes.cancel(account, intent, "expired")
    session.update(status="expired", url=None)
    account.save(session)
    emit(account, "checkout.session.expired", session)
    return session


def expire_when_due(account: Account, session_id: str) -> None:
    """Expire a session whose time has passed; a completed or expired session does not change."""
    session = account.find(KIND, session_id)
    if session is not None and session["status"] == "open":
        expire(account, session)

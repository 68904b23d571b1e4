"""The end of a Checkout Session that nobody paid."""

from typing import Any

from lumira.sandbox.books import Books
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.errors import RefusedError
from lumira.sandbox.events import emit
from lumira.sandbox.payments import outcomes


def expire(books: Books, session: dict[str, Any]) -> dict[str, Any]:
    """Close an open session; what was begun on its page can no longer be paid."""
    if session["status"] != "open":
        raise RefusedError(
            'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
            f"status of `{session['status']}`."
        )
    if session["payment_intent"] is not None:
        intent = books.get("payment_intent", session["payment_intent"])
        outcomes.cancel(books, intent, "expired")
    session.update(status="expired", url=None)
    books.save(session)
    emit(books, "checkout.session.expired", session)
    return session


def expire_by_itself(books: Books, session_id: str) -> None:
    """The time is over; a session that was completed or expired before stays as it is."""
    session = books.find(KIND, session_id)
    if session is not None and session["status"] == "open":
        expire(books, session)

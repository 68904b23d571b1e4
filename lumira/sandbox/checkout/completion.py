"""What becomes of a Checkout Session when something becomes of its payment."""

from typing import Any

from lumira.sandbox.books import Books
from lumira.sandbox.checkout.sessions import KIND
from lumira.sandbox.events import emit

#: The buyer has done everything: what is still open is between the banks and the shop.
_DONE = ("succeeded", "processing", "requires_capture")


def follow(books: Books, intent: dict[str, Any]) -> None:
    """Bring the session of a payment, if it has one, to where its payment is."""
    session_id = intent.get("_session")
    if session_id is None:
        return
    session = books.get(KIND, session_id)
    paid = intent["status"] == "succeeded"
    if session["status"] == "open" and intent["status"] in _DONE:
        complete(books, session, payment_status="paid" if paid else "unpaid")
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        _learn_late(books, session, intent, paid=paid)


def complete(books: Books, session: dict[str, Any], *, payment_status: str) -> None:
    """The buyer is through with the page, for good."""
    session.update(status="complete", payment_status=payment_status, url=None)
    books.save(session)
    emit(books, "checkout.session.completed", session)


def _learn_late(books: Books, session: dict[str, Any], intent: dict[str, Any], *, paid: bool) -> None:
    if paid:
        session["payment_status"] = "paid"
        books.save(session)
    if intent["capture_method"] == "manual":
        # The shop itself took the money that was authorised, so nobody has to tell it.
        return
    if paid:
        emit(books, "checkout.session.async_payment_succeeded", session)
    elif intent["status"] == "requires_payment_method":
        # The buyer has left: this session cannot be tried again.
        emit(books, "checkout.session.async_payment_failed", session)

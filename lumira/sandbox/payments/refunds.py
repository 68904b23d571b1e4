"""Refunds: money on its way back, which may take its time, and may fail after all."""

import secrets
from typing import Any

from lumira.sandbox.books import Books
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import payment_id, random_id
from lumira.sandbox.payments.instruments import Instrument
from lumira.sandbox.payments.methods import instrument_of

#: The kinds of appointment at which a refund goes on.
REFUND_SUCCEEDS = "refund_succeeds"
REFUND_FAILS = "refund_fails"
REFUND_REFERENCED = "refund_referenced"
#: Until then a refund may still end otherwise.
UNDECIDED = ("pending", "requires_action")
FAILURE_REASONS = (
    "lost_or_stolen_card", "expired_or_canceled_card", "charge_for_pending_refund_disputed",
    "insufficient_funds", "declined", "merchant_request", "unknown",
)  # fmt: skip
_EMPTY = (
    "customer", "customer_account", "description", "failure_balance_transaction", "failure_reason",
    "instructions_email", "next_action", "pending_reason", "presentment_details", "receipt_number",
    "source_transfer_reversal", "transfer_reversal",
)  # fmt: skip


def open_refund(
    books: Books,
    charge: dict[str, Any],
    amount: int,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
    email: str | None = None,
    status: str | None = None,
) -> dict[str, Any]:
    """Send part of a charge back; the caller has checked that the charge has that much left.

    The charge's instrument decides how it goes on, unless a test names the ``status`` to begin with: then
    nothing follows by itself.
    """
    instrument = instrument_of(books.get("payment_method", charge["payment_method"]))
    refund = books.add(_new_refund(books, charge, amount))
    refund.update(reason=reason, metadata=metadata or {}, instructions_email=email)
    refund["status"] = status or ("pending" if instrument.refund_waits else "succeeded")
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    if reason == "fraudulent":
        charge["fraud_details"] = {"user_report": "fraudulent"}
    books.save(refund)
    previous = _count(books, charge, amount)
    emit(books, "refund.created", refund)
    emit(books, "charge.refunded", charge, previous)
    if status is None:
        _schedule(books, refund, instrument)
    return refund


def _schedule(books: Books, refund: dict[str, Any], instrument: Instrument) -> None:
    kind = REFUND_REFERENCED
    if instrument.refund_waits:
        kind = REFUND_SUCCEEDS
    elif instrument.refund_fails:
        kind = REFUND_FAILS
    books.schedule(kind, refund["id"], after_seconds=books.delay(slow=instrument.slow))


def succeed_refund(books: Books, identifier: str) -> dict[str, Any]:
    """The money arrived; a refund that was decided before stays as it is."""
    refund = books.get("refund", identifier)
    if refund["status"] in UNDECIDED:
        _change(
            books,
            refund,
            status="succeeded",
            pending_reason=None,
            next_action=None,
            destination_details=_referenced(refund),
        )
    return refund


def reference_refund(books: Books, identifier: str) -> dict[str, Any]:
    """The card network's reference number is known: an update that changes nothing about the money."""
    refund = books.get("refund", identifier)
    details = _referenced(refund)
    if refund["status"] == "succeeded" and details != refund["destination_details"]:
        _change(books, refund, destination_details=details)
    return refund


def fail_refund(
    books: Books, identifier: str, reason: str = "expired_or_canceled_card", *, status: str = "failed"
) -> dict[str, Any]:
    """The money comes back, even after the refund had succeeded; the charge can be refunded again."""
    refund = books.get("refund", identifier)
    if refund["status"] not in (*UNDECIDED, "succeeded"):
        return refund
    _count(books, books.get("charge", refund["charge"]), -refund["amount"])
    _change(
        books,
        refund,
        status=status,
        failure_reason=reason,
        failure_balance_transaction=payment_id("txn"),
        pending_reason=None,
        next_action=None,
    )
    if status == "failed":
        emit(books, "refund.failed", refund)
    return refund


def fail_pending_refunds(books: Books, charge_id: str) -> None:
    """A chargeback overtakes the refunds that are still on their way, so that nobody is paid back twice."""
    for refund in books.linked("refund", "charge", charge_id):
        if refund["status"] == "pending":
            fail_refund(books, refund["id"], "charge_for_pending_refund_disputed")


def tell_updated(books: Books, refund: dict[str, Any], previous: dict[str, Any]) -> None:
    """Both events of a changed refund: Stripe still sends the deprecated one too."""
    emit(books, "refund.updated", refund, previous)
    emit(books, "charge.refund.updated", refund, previous)


def _change(books: Books, refund: dict[str, Any], **fields: Any) -> None:
    before = dict(refund)
    refund.update(fields)
    books.save(refund)
    tell_updated(books, refund, changed(before, refund))


def _count(books: Books, charge: dict[str, Any], amount: int) -> dict[str, Any]:
    """Move the charge's running total; what that replaced."""
    before = dict(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    books.save(charge)
    return changed(before, charge)


def _new_refund(books: Books, charge: dict[str, Any], amount: int) -> dict[str, Any]:
    is_card = charge["payment_method_details"]["type"] == "card"
    return {
        "id": payment_id("re") if is_card else "pyr_1" + random_id("", 23)[1:],
        "object": "refund",
        **dict.fromkeys(_EMPTY),
        "amount": amount,
        "balance_transaction": payment_id("txn"),
        "charge": charge["id"],
        "created": books.now,
        "currency": charge["currency"],
        "destination_details": _details(reference=None) if is_card else None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
    }


def _referenced(refund: dict[str, Any]) -> dict[str, Any] | None:
    details = refund["destination_details"]
    if details is None or details["card"]["reference"] is not None:
        return details  # type: ignore[no-any-return]
    return _details(reference="".join(secrets.choice("0123456789") for _ in range(16)))


def _details(*, reference: str | None) -> dict[str, Any]:
    return {
        "card": {
            "reference": reference,
            "reference_status": "available" if reference else "pending",
            "reference_type": "acquirer_reference_number",
            "type": "refund",
        },
        "type": "card",
    }

"""Refunds, which succeed at once or after a delay, and can fail after they succeeded."""

import secrets
from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.balance.transactions import record_refund
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import payment_id, random_id
from lumira.sandbox.payments.fraud_warnings import update_warnings
from lumira.sandbox.payments.instruments import Instrument
from lumira.sandbox.payments.methods import instrument_of

#: The kinds of task that update a refund.
REFUND_SUCCEEDS = "refund_succeeds"
REFUND_FAILS = "refund_fails"
REFUND_REFERENCED = "refund_referenced"
#: The statuses of a refund whose outcome is not known yet.
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
    account: Account,
    charge: dict[str, Any],
    amount: int,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
    email: str | None = None,
    status: str | None = None,
) -> dict[str, Any]:
    """Refund part of a charge; the caller has checked that the remaining amount suffices.

    The charge's instrument defines the outcome, unless a test sets the first ``status``: then no task is
    scheduled.
    """
    instrument = instrument_of(account.get("payment_method", charge["payment_method"]))
    refund = account.add(_new_refund(account, charge, amount))
    refund.update(reason=reason, metadata=metadata or {}, instructions_email=email)
    refund["status"] = status or ("pending" if instrument.refund_is_pending else "succeeded")
    if refund["status"] == "pending":
        refund["pending_reason"] = "processing"
    if reason == "fraudulent":
        charge["fraud_details"] = {"user_report": "fraudulent"}
    refund["balance_transaction"] = record_refund(account, refund)
    account.save(refund)
    previous = _add_refunded_amount(account, charge, amount)
    emit(account, "refund.created", refund)
    emit(account, "charge.refunded", charge, previous)
    update_warnings(account, charge)
    if status is None:
        _schedule(account, refund, instrument)
    return refund


def _schedule(account: Account, refund: dict[str, Any], instrument: Instrument) -> None:
    kind = REFUND_REFERENCED
    if instrument.refund_is_pending:
        kind = REFUND_SUCCEEDS
    elif instrument.refund_fails:
        kind = REFUND_FAILS
    account.schedule(kind, refund["id"], after_seconds=account.delay(slow=instrument.slow))


def succeed_refund(account: Account, identifier: str) -> dict[str, Any]:
    """Mark a refund as succeeded; a refund with a final status does not change."""
    refund = account.get("refund", identifier)
    if refund["status"] in UNDECIDED:
        _change(
            account,
            refund,
            status="succeeded",
            pending_reason=None,
            next_action=None,
            destination_details=_destination_with_reference(refund),
        )
    return refund


def add_refund_reference(account: Account, identifier: str) -> dict[str, Any]:
    """Add the card network's reference number, an update that does not change the status or the amount."""
    refund = account.get("refund", identifier)
    details = _destination_with_reference(refund)
    if refund["status"] == "succeeded" and details != refund["destination_details"]:
        _change(account, refund, destination_details=details)
    return refund


def fail_refund(
    account: Account, identifier: str, reason: str = "expired_or_canceled_card", *, status: str = "failed"
) -> dict[str, Any]:
    """Mark a refund as failed, even after it succeeded; the amount can be refunded again."""
    refund = account.get("refund", identifier)
    if refund["status"] not in (*UNDECIDED, "succeeded"):
        return refund
    _add_refunded_amount(account, account.get("charge", refund["charge"]), -refund["amount"])
    _change(
        account,
        refund,
        status=status,
        failure_reason=reason,
        failure_balance_transaction=record_refund(account, refund, has_failed=True),
        pending_reason=None,
        next_action=None,
    )
    if status == "failed":
        emit(account, "refund.failed", refund)
    return refund


def fail_pending_refunds(account: Account, charge_id: str) -> None:
    """Fail the charge's pending refunds at a chargeback, so that the buyer is not paid back twice."""
    for refund in account.list_linked("refund", "charge", charge_id):
        if refund["status"] == "pending":
            fail_refund(account, refund["id"], "charge_for_pending_refund_disputed")


def emit_updated(account: Account, refund: dict[str, Any], previous: dict[str, Any]) -> None:
    """Emit both events of an updated refund; Stripe still sends the deprecated one too."""
    emit(account, "refund.updated", refund, previous)
    emit(account, "charge.refund.updated", refund, previous)


def _change(account: Account, refund: dict[str, Any], **fields: Any) -> None:
    before = dict(refund)
    refund.update(fields)
    account.save(refund)
    emit_updated(account, refund, changed(before, refund))


def _add_refunded_amount(account: Account, charge: dict[str, Any], amount: int) -> dict[str, Any]:
    """Add to the charge's refunded amount; return the replaced values."""
    before = dict(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    account.save(charge)
    return changed(before, charge)


def _new_refund(account: Account, charge: dict[str, Any], amount: int) -> dict[str, Any]:
    is_card = charge["payment_method_details"]["type"] == "card"
    return {
        "id": payment_id("re") if is_card else "pyr_1" + random_id("", 23)[1:],
        "object": "refund",
        **dict.fromkeys(_EMPTY),
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": account.now,
        "currency": charge["currency"],
        "destination_details": _details(reference=None) if is_card else None,
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
    }


def _destination_with_reference(refund: dict[str, Any]) -> dict[str, Any] | None:
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

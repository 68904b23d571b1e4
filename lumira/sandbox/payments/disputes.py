"""Disputes: a buyer's bank opens an inquiry about a payment or a chargeback of it."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import InvalidStateError
from lumira.sandbox.events import changed, emit
from lumira.sandbox.payments.dispute_objects import describe, new_dispute, reinstate, withdraw
from lumira.sandbox.payments.fraud_warnings import update_warnings
from lumira.sandbox.payments.methods import instrument_of
from lumira.sandbox.payments.refunds import fail_pending_refunds

#: The kinds of task that open a dispute, and that decide it after evidence was submitted.
DISPUTE_OPENS = "dispute_opens"
DISPUTE_DECIDED = "dispute_decided"
#: The statuses in which a dispute can be created.
FIRST_STATUSES = ("needs_response", "warning_needs_response", "lost", "prevented")
#: Stripe's test texts for evidence, and the bank's decision: for a chargeback, and for an inquiry.
_VERDICTS = {
    "winning_evidence": ("won", "warning_closed"),
    "losing_evidence": ("lost", "warning_closed"),
    "escalate_inquiry_evidence": (None, "needs_response"),
}
#: The possible outcomes from each status; a lost dispute can still be won later.
_NEXT_OUTCOMES = {
    "needs_response": ("won", "lost", "prevented"),
    "under_review": ("won", "lost", "prevented"),
    "warning_needs_response": ("warning_closed", "prevented"),
    "warning_under_review": ("warning_closed", "prevented"),
    "lost": ("won",),
}
OUTCOMES = ("won", "lost", "warning_closed", "prevented")


def blocks_refunds(dispute: dict[str, Any]) -> bool:
    """Whether the charge cannot be refunded, because the bank has withdrawn the disputed amount."""
    return dispute["status"] != "won" and not is_inquiry(dispute)


def is_inquiry(dispute: dict[str, Any]) -> bool:
    """Whether the dispute is an inquiry, which moves no money."""
    return bool(dispute["status"].startswith("warning_"))


def schedule_disputes(account: Account, intent: dict[str, Any]) -> None:
    """Schedule the disputes that the paid intent's test instrument defines."""
    method = account.get("payment_method", intent["payment_method"])
    if instrument_of(method).disputes:
        account.schedule(DISPUTE_OPENS, intent["latest_charge"], after_seconds=account.delay())


def open_scheduled_disputes(account: Account, charge_id: str) -> None:
    """Open every dispute that the charge's test instrument defines."""
    charge = account.get("charge", charge_id)
    method = account.get("payment_method", charge["payment_method"])
    for test_dispute in instrument_of(method).disputes:
        open_dispute(account, charge, reason=test_dispute.reason, status=test_dispute.status)


def open_dispute(
    account: Account,
    charge: dict[str, Any],
    *,
    reason: str,
    status: str,
    amount: int | None = None,
    currency: str | None = None,
    withdrawn: bool | None = None,
) -> dict[str, Any]:
    """Open a dispute of a paid charge; ``amount`` (minor units) defaults to the captured amount.

    ``withdrawn``: whether the bank withdraws the amount, by default for all but inquiries and prevented disputes.
    """
    charge["disputed"] = True
    account.save(charge)
    disputed = charge["amount_captured"] if amount is None else amount
    dispute = account.add(
        new_dispute(account, charge, amount=disputed, currency=currency, reason=reason, status=status)
    )
    emit(account, "charge.dispute.created", dispute)
    if withdrawn is None:
        withdrawn = not is_inquiry(dispute) and status != "prevented"
    if withdrawn:
        _withdraw_funds(account, dispute)
    if status in OUTCOMES:
        emit(account, "charge.dispute.closed", dispute)
    update_warnings(account, charge)
    return dispute


def escalate(account: Account, dispute: dict[str, Any]) -> dict[str, Any]:
    """Turn an inquiry into a chargeback and withdraw the amount.

    Raises ``InvalidStateError`` if the dispute is not an open inquiry.
    """
    if not is_inquiry(dispute) or dispute["status"] == "warning_closed":
        raise InvalidStateError(f"A dispute with the status {dispute['status']} cannot be escalated.")
    _move_to(account, dispute, "needs_response")
    _withdraw_funds(account, dispute)
    return dispute


def close(
    account: Account, dispute: dict[str, Any], outcome: str, *, reinstated: bool = False
) -> dict[str, Any]:
    """Close a dispute with an outcome; a won dispute reinstates the amount, others only if ``reinstated``.

    Raises ``InvalidStateError`` if the dispute's status does not allow the outcome.
    """
    if outcome not in _NEXT_OUTCOMES.get(dispute["status"], ()):
        raise InvalidStateError(
            f"A dispute with the status {dispute['status']} cannot be closed as {outcome}."
        )
    dispute["status"] = outcome
    describe(dispute, account.get("charge", dispute["charge"]))
    reinstated = reinstated or outcome == "won"
    if reinstated:
        reinstate(account, dispute)
    account.save(dispute)
    emit(account, "charge.dispute.closed", dispute)
    if reinstated:
        emit(account, "charge.dispute.funds_reinstated", dispute)
    return dispute


def submit(account: Account, dispute: dict[str, Any]) -> None:
    """Submit the evidence; for Stripe's test texts, the bank's decision is scheduled."""
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    inquiry = is_inquiry(dispute)
    dispute["status"] = "warning_under_review" if inquiry else "under_review"
    verdict = _verdict(dispute)
    if verdict is not None:
        account.schedule(DISPUTE_DECIDED, dispute["id"], after_seconds=account.delay())


def decide_dispute(account: Account, identifier: str) -> None:
    """Apply the bank's decision on the evidence, unless the dispute is already decided."""
    dispute = account.get("dispute", identifier)
    verdict = _verdict(dispute) if dispute["status"].endswith("under_review") else None
    if verdict == "needs_response":
        escalate(account, dispute)
    elif verdict is not None:
        close(account, dispute, verdict)


def _verdict(dispute: dict[str, Any]) -> str | None:
    verdicts = _VERDICTS.get(dispute["evidence"]["uncategorized_text"] or "", (None, None))
    return verdicts[is_inquiry(dispute)]


def _move_to(account: Account, dispute: dict[str, Any], status: str) -> None:
    before = dict(dispute)
    dispute["status"] = status
    describe(dispute, account.get("charge", dispute["charge"]))
    account.save(dispute)
    emit(account, "charge.dispute.updated", dispute, changed(before, dispute))


def _withdraw_funds(account: Account, dispute: dict[str, Any]) -> None:
    withdraw(account, dispute)
    account.save(dispute)
    emit(account, "charge.dispute.funds_withdrawn", dispute)
    fail_pending_refunds(account, dispute["charge"])

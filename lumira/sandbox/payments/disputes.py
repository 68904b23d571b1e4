"""Disputes: a buyer's bank asks about a payment, or takes it back at once."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.errors import InvalidStateError
from lumira.sandbox.events import changed, emit
from lumira.sandbox.payments.dispute_objects import describe, new_dispute, reinstate, withdraw
from lumira.sandbox.payments.methods import instrument_of
from lumira.sandbox.payments.refunds import fail_pending_refunds

#: The kinds of appointment at which a dispute comes, and at which a bank answers to evidence.
DISPUTE_OPENS = "dispute_opens"
DISPUTE_DECIDED = "dispute_decided"
#: In which a dispute may arrive.
FIRST_STATUSES = ("needs_response", "warning_needs_response", "lost", "prevented")
#: Stripe's test texts, and what the bank makes of them: of a chargeback, and of an inquiry.
_VERDICTS = {
    "winning_evidence": ("won", "warning_closed"),
    "losing_evidence": ("lost", "warning_closed"),
    "escalate_inquiry_evidence": (None, "needs_response"),
}
#: How a dispute may end, from where it stands; a lost one may still be won late.
_ENDS = {
    "needs_response": ("won", "lost", "prevented"),
    "under_review": ("won", "lost", "prevented"),
    "warning_needs_response": ("warning_closed", "prevented"),
    "warning_under_review": ("warning_closed", "prevented"),
    "lost": ("won",),
}
OUTCOMES = ("won", "lost", "warning_closed", "prevented")


def blocks_refunds(dispute: dict[str, Any]) -> bool:
    """Whether its charge cannot be refunded: the bank has the money, and has not given it back."""
    return dispute["status"] != "won" and not is_inquiry(dispute)


def is_inquiry(dispute: dict[str, Any]) -> bool:
    """Whether a bank only asks: no money has moved."""
    return bool(dispute["status"].startswith("warning_"))


def schedule_disputes(account: Account, intent: dict[str, Any]) -> None:
    """Let the disputes come that the paid intent's test instrument stands for."""
    method = account.get("payment_method", intent["payment_method"])
    if instrument_of(method).disputes:
        account.schedule(DISPUTE_OPENS, intent["latest_charge"], after_seconds=account.delay())


def open_scheduled_disputes(account: Account, charge_id: str) -> None:
    """The buyer has complained: every dispute of the charge's test instrument is there."""
    charge = account.get("charge", charge_id)
    method = account.get("payment_method", charge["payment_method"])
    for test_dispute in instrument_of(method).disputes:
        open_dispute(account, charge, reason=test_dispute.reason, status=test_dispute.status)


def open_dispute(
    account: Account, charge: dict[str, Any], *, reason: str, status: str, amount: int | None = None
) -> dict[str, Any]:
    """A new dispute of a paid charge, of all that was captured unless told otherwise."""
    charge["disputed"] = True
    account.save(charge)
    disputed = charge["amount_captured"] if amount is None else amount
    dispute = account.add(new_dispute(account, charge, amount=disputed, reason=reason, status=status))
    emit(account, "charge.dispute.created", dispute)
    if not is_inquiry(dispute) and status != "prevented":
        _take_money(account, dispute)
    if status in OUTCOMES:
        emit(account, "charge.dispute.closed", dispute)
    return dispute


def escalate(account: Account, dispute: dict[str, Any]) -> dict[str, Any]:
    """An inquiry becomes a chargeback, and the money is taken."""
    if not is_inquiry(dispute) or dispute["status"] == "warning_closed":
        raise InvalidStateError(f"A dispute with the status {dispute['status']} cannot be escalated.")
    _move_to(account, dispute, "needs_response")
    _take_money(account, dispute)
    return dispute


def close(account: Account, dispute: dict[str, Any], outcome: str) -> dict[str, Any]:
    """The bank's last word; a dispute that was won brings the money back."""
    if outcome not in _ENDS.get(dispute["status"], ()):
        raise InvalidStateError(
            f"A dispute with the status {dispute['status']} cannot be closed as {outcome}."
        )
    dispute["status"] = outcome
    describe(dispute, account.get("charge", dispute["charge"]))
    reinstated = outcome == "won"
    if reinstated:
        reinstate(account, dispute)
    account.save(dispute)
    emit(account, "charge.dispute.closed", dispute)
    if reinstated:
        emit(account, "charge.dispute.funds_reinstated", dispute)
    return dispute


def submit(account: Account, dispute: dict[str, Any]) -> None:
    """Hand the evidence to the bank; Stripe's test texts make it answer after a while."""
    details = dispute["evidence_details"]
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    inquiry = is_inquiry(dispute)
    dispute["status"] = "warning_under_review" if inquiry else "under_review"
    verdict = _verdict(dispute)
    if verdict is not None:
        account.schedule(DISPUTE_DECIDED, dispute["id"], after_seconds=account.delay())


def decide_dispute(account: Account, identifier: str) -> None:
    """The bank has read the evidence; what was decided meanwhile stays."""
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


def _take_money(account: Account, dispute: dict[str, Any]) -> None:
    withdraw(account, dispute)
    account.save(dispute)
    emit(account, "charge.dispute.funds_withdrawn", dispute)
    fail_pending_refunds(account, dispute["charge"])

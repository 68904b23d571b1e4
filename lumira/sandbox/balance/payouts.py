"""Payouts: the available balance is transferred to the bank account, and listed with its balance transactions.

===================  =====================================================================================
``payouts``          ``{currency?, amount?}``: an automatic payout of everything that is in no payout yet, of
                     the account's first currency by default; with an ``amount`` a manual one, which Stripe
                     does not reconcile
``payouts/finish``   ``{payout, outcome: paid | failed | canceled, failure_reason?}``; a paid payout can
                     still fail
``payouts/complete`` ``{payout}``: Stripe has listed its balance transactions
``payouts/change``   ``{transaction, fee}``: Stripe corrects the fee of a balance transaction
===================  =====================================================================================
"""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.balance.transactions import KIND, record_movement
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError, missing_parameter
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import random_id

PAYOUT = "payout"
_DAYS_UNTIL_ARRIVAL = 2
_DAY_SECONDS = 24 * 3600
_NEXT = {
    "pending": ("in_transit", "paid", "failed", "canceled"),
    "in_transit": ("paid", "failed"),
    "paid": ("failed",),
}


def create_payout(account: Account, sent: Json) -> dict[str, Any]:
    """Pay out everything that is in no payout yet, or an ``amount`` manually."""
    check_names(sent, {"currency", "amount"})
    movements = [
        one
        for one in account.list_all(KIND)
        if not one.get("_payout") and not one["type"].startswith("payout")
    ]
    currency = sent.get("currency") or (movements[0]["currency"] if movements else "eur")
    included = [one for one in movements if one["currency"] == currency]
    manual_amount = sent.get("amount")
    amount = sum(one["net"] for one in included) if manual_amount is None else manual_amount
    if manual_amount is None and not included:
        raise InvalidRequestError("There is nothing to pay out.", param="currency")
    payout = account.add(_new_payout(account, amount, currency, is_automatic=manual_amount is None))
    own = record_movement(
        account,
        kind=PAYOUT,
        source=payout["id"],
        amount=-amount,
        currency=currency,
        description="STRIPE PAYOUT",
    )
    payout["balance_transaction"] = own["id"]
    account.save(payout)
    if manual_amount is None:
        for one in (*included, own):
            account.save({**one, "_payout": payout["id"], "status": "available"})
    emit(account, "payout.created", payout)
    return payout


def finish_payout(account: Account, sent: Json) -> dict[str, Any]:
    """Let the payout arrive, fail at the bank, or be canceled."""
    check_names(sent, {"payout", "outcome", "failure_reason"})
    payout = _payout(account, sent)
    outcome = sent.get("outcome")
    if outcome not in _NEXT.get(payout["status"], ()):
        raise InvalidStateError(f"A payout with the status {payout['status']} cannot be {outcome}.")
    before = dict(payout)
    payout["status"] = outcome
    if outcome in ("failed", "canceled"):
        _return_amount(account, payout, str(outcome))
    if outcome == "failed":
        payout["failure_code"] = sent.get("failure_reason", "account_closed")
        payout["failure_message"] = "The bank account has been closed."
    account.save(payout)
    emit(account, "payout.updated", payout, changed(before, payout))
    if outcome != "in_transit":
        emit(account, f"payout.{outcome}", payout)
    return payout


def complete_payout(account: Account, sent: Json) -> dict[str, Any]:
    """Mark the payout's balance transactions as listed."""
    check_names(sent, {"payout"})
    payout = _payout(account, sent)
    if payout["reconciliation_status"] != "in_progress":
        raise InvalidStateError("The balance transactions of this payout are not being listed.")
    payout["reconciliation_status"] = "completed"
    account.save(payout)
    emit(account, "payout.reconciliation_completed", payout)
    return payout


def change_fee(account: Account, sent: Json) -> dict[str, Any]:
    """Correct the fee of a balance transaction."""
    check_names(sent, {"transaction", "fee"})
    movement = account.get(KIND, _required(sent, "transaction"), param="transaction")
    movement["fee"] = int(sent.get("fee", 0))
    movement["net"] = movement["amount"] - movement["fee"]
    return account.save(movement)


#: The actions by their paths below ``/sandbox/``.
PAYOUT_ACTIONS = {
    "payouts": create_payout,
    "payouts/finish": finish_payout,
    "payouts/complete": complete_payout,
    "payouts/change": change_fee,
}


def _return_amount(account: Account, payout: dict[str, Any], outcome: str) -> None:
    kind = "payout_failure" if outcome == "failed" else "payout_cancel"
    returned = record_movement(
        account, kind=kind, source=payout["id"], amount=payout["amount"], currency=payout["currency"]
    )
    payout["failure_balance_transaction"] = returned["id"]


def _new_payout(account: Account, amount: int, currency: str, *, is_automatic: bool) -> dict[str, Any]:
    empty = (
        "application_fee", "application_fee_amount", "failure_balance_transaction", "failure_code",
        "failure_message", "original_payout", "payout_method", "reversed_by", "statement_descriptor", "trace_id",
        "balance_transaction",
    )  # fmt: skip
    return {
        "id": "po_1" + random_id("", 23)[1:],
        "object": PAYOUT,
        **dict.fromkeys(empty),
        "amount": amount,
        "arrival_date": account.now + _DAYS_UNTIL_ARRIVAL * _DAY_SECONDS,
        "automatic": is_automatic,
        "created": account.now,
        "currency": currency,
        "description": "STRIPE PAYOUT",
        "destination": "ba_1" + random_id("", 23)[1:],
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "reconciliation_status": "in_progress" if is_automatic else "not_applicable",
        "source_type": "card",
        "status": "pending",
        "type": "bank_account",
    }


def _payout(account: Account, sent: Json) -> dict[str, Any]:
    return account.get(PAYOUT, _required(sent, "payout"), param="payout")


def _required(sent: Json, name: str) -> str:
    if not sent.get(name):
        raise missing_parameter(name)
    return str(sent[name])

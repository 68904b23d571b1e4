"""Actions on a payment that the account does not request itself: those of banks and of the Dashboard.

=====================  ===================================================================================
``refunds``            ``{charge | payment_intent, amount?, reason?, status?}``: a refund from the
                       Dashboard; with a ``status`` it starts in that status and no task is scheduled
``refunds/finish``     ``{refund, outcome: succeeded | failed | canceled, failure_reason?}``
``disputes``           ``{charge | payment_intent, amount?, currency?, reason?, status?, withdrawn?}``:
                       the status is ``needs_response`` by default, or ``warning_needs_response`` (an
                       inquiry), ``lost`` or ``prevented``; a prevented one with ``withdrawn`` true moves
                       the money without returning it
``disputes/escalate``  ``{dispute}``: an inquiry becomes a chargeback
``disputes/close``     ``{dispute, outcome: won | lost | warning_closed | prevented, reinstated?}``; a
                       lost dispute can still be won; ``reinstated`` returns the money of a prevented one
``fraud_warnings``     ``{charge | payment_intent, fraud_type?}``: the issuer of the card reports the
                       payment as fraud; ``misc`` by default
``bank_transfers``     ``{payment_intent, amount?}``: a bank transfer arrives, by default all that is
                       missing; offered to customers in ``eur`` with the setting ``bank_transfers``
=====================  ===================================================================================

Each returns the updated refund, dispute, warning or PaymentIntent.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from lumira.sandbox.account import Account
from lumira.sandbox.control_parameters import Json, check_names
from lumira.sandbox.errors import InvalidRequestError, InvalidStateError, missing_parameter
from lumira.sandbox.limits import check_currency
from lumira.sandbox.payments import disputes
from lumira.sandbox.payments.bank_transfers import receive_bank_transfer
from lumira.sandbox.payments.dispute_objects import REASONS
from lumira.sandbox.payments.fraud_warnings import FRAUD_TYPES, report_fraud
from lumira.sandbox.payments.refundable import amount_to_refund, charge_named
from lumira.sandbox.payments.refunds import (
    FAILURE_REASONS,
    UNDECIDED,
    fail_refund,
    open_refund,
    succeed_refund,
)

Action: TypeAlias = Callable[[Account, Json], dict[str, Any]]

_PAYMENT = {"charge", "payment_intent", "amount", "reason", "status"}
_REFUND_REASONS = ("duplicate", "fraudulent", "requested_by_customer")


def refund(account: Account, sent: Json) -> dict[str, Any]:
    """Refund a payment, as in the Dashboard."""
    check_names(sent, _PAYMENT)
    charge = charge_named(account, sent.get("charge"), sent.get("payment_intent"))
    return open_refund(
        account,
        charge,
        amount_to_refund(account, charge, sent.get("amount")),
        reason=_one_of(sent, "reason", _REFUND_REASONS, None),
        status=_one_of(sent, "status", (*UNDECIDED, "succeeded"), None),
    )


def finish_refund(account: Account, sent: Json) -> dict[str, Any]:
    """Move a refund to its final status; a succeeded refund can still fail."""
    check_names(sent, {"refund", "outcome", "failure_reason"})
    existing = account.get("refund", _required(sent, "refund"), param="refund")
    outcome = _one_of(sent, "outcome", ("succeeded", "failed", "canceled"), _required(sent, "outcome"))
    if existing["status"] not in (*UNDECIDED, "succeeded"):
        raise InvalidStateError(
            f"This refund already has the final status {existing['status']}.", param="refund"
        )
    if outcome == "succeeded":
        return succeed_refund(account, existing["id"])
    default = "merchant_request" if outcome == "canceled" else "expired_or_canceled_card"
    reason = _one_of(sent, "failure_reason", FAILURE_REASONS, default)
    return fail_refund(account, existing["id"], str(reason), status=str(outcome))


def dispute(account: Account, sent: Json) -> dict[str, Any]:
    """Open a dispute, as the buyer's bank does."""
    check_names(sent, _PAYMENT | {"currency", "withdrawn"})
    charge = charge_named(account, sent.get("charge"), sent.get("payment_intent"))
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise InvalidStateError(f"Charge {charge['id']} has no captured amount to dispute.")
    return disputes.open_dispute(
        account,
        charge,
        reason=str(_one_of(sent, "reason", REASONS, "fraudulent")),
        status=str(_one_of(sent, "status", disputes.FIRST_STATUSES, "needs_response")),
        amount=sent.get("amount"),
        currency=check_currency(sent["currency"]) if "currency" in sent else None,
        withdrawn=sent.get("withdrawn"),
    )


def warn_of_fraud(account: Account, sent: Json) -> dict[str, Any]:
    """Report a card payment as fraud, as the issuer of the card does."""
    check_names(sent, {"charge", "payment_intent", "fraud_type"})
    charge = charge_named(account, sent.get("charge"), sent.get("payment_intent"))
    if charge["status"] != "succeeded" or charge["payment_method_details"]["type"] != "card":
        raise InvalidStateError(f"Charge {charge['id']} is no successful payment by card.")
    return report_fraud(account, charge["id"], str(_one_of(sent, "fraud_type", FRAUD_TYPES, "misc")))


def escalate_dispute(account: Account, sent: Json) -> dict[str, Any]:
    """Escalate an inquiry to a chargeback."""
    check_names(sent, {"dispute"})
    return disputes.escalate(account, _dispute(account, sent))


def close_dispute(account: Account, sent: Json) -> dict[str, Any]:
    """Close a dispute with the bank's decision."""
    check_names(sent, {"dispute", "outcome", "reinstated"})
    outcome = _one_of(sent, "outcome", disputes.OUTCOMES, _required(sent, "outcome"))
    reinstated = bool(sent.get("reinstated"))
    existing = _dispute(account, sent)
    if reinstated and not existing["balance_transactions"]:
        raise InvalidStateError("No amount was withdrawn that could be reinstated.", param="reinstated")
    return disputes.close(account, existing, str(outcome), reinstated=reinstated)


def bank_transfer(account: Account, sent: Json) -> dict[str, Any]:
    """Let a bank transfer arrive, whole or in part."""
    check_names(sent, {"payment_intent", "amount"})
    intent = account.get("payment_intent", _required(sent, "payment_intent"), param="payment_intent")
    return receive_bank_transfer(account, intent, sent.get("amount"))


#: The actions by their paths below ``/sandbox/``.
ACTIONS: dict[str, Action] = {
    "refunds": refund,
    "refunds/finish": finish_refund,
    "disputes": dispute,
    "disputes/escalate": escalate_dispute,
    "disputes/close": close_dispute,
    "fraud_warnings": warn_of_fraud,
    "bank_transfers": bank_transfer,
}


def _dispute(account: Account, sent: Json) -> dict[str, Any]:
    return account.get("dispute", _required(sent, "dispute"), param="dispute")


def _required(sent: Json, name: str) -> str:
    if not sent.get(name):
        raise missing_parameter(name)
    return str(sent[name])


def _one_of(sent: Json, name: str, choices: tuple[str, ...], default: str | None) -> str | None:
    value = sent.get(name, default)
    if value is not None and value not in choices:
        raise InvalidRequestError(f"`{name}` must be one of {', '.join(choices)}.", param=name)
    return value

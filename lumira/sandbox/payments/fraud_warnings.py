"""Early fraud warnings: the issuer of a card reports that a charge may be fraudulent."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.events import changed, emit
from lumira.sandbox.ids import random_id
from lumira.sandbox.payments.methods import instrument_of

WARNING = "radar.early_fraud_warning"
#: The kind of task that creates a warning.
FRAUD_REPORTED = "fraud_reported"
FRAUD_TYPES = (
    "card_never_received", "fraudulent_card_application", "made_with_counterfeit_card", "made_with_lost_card",
    "made_with_stolen_card", "misc", "unauthorized_use_of_card",
)  # fmt: skip


def schedule_fraud_warning(account: Account, intent: dict[str, Any]) -> None:
    """Schedule the warning that the paid intent's test instrument defines."""
    method = account.get("payment_method", intent["payment_method"])
    if instrument_of(method).is_reported_as_fraud:
        account.schedule(FRAUD_REPORTED, intent["latest_charge"], after_seconds=account.delay())


def report_fraud(account: Account, charge_id: str, fraud_type: str = "misc") -> dict[str, Any]:
    """Create a warning about a charge: not actionable if the charge is disputed or fully refunded already."""
    charge = account.get("charge", charge_id)
    warning = account.add(
        {
            "id": "issfr_1" + random_id("", 23)[1:],
            "object": WARNING,
            "actionable": _is_actionable(charge),
            "charge": charge["id"],
            "created": account.now,
            "fraud_type": fraud_type,
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
    )
    emit(account, f"{WARNING}.created", warning)
    return warning


def update_warnings(account: Account, charge: dict[str, Any]) -> None:
    """Mark the warnings of a charge that was disputed or fully refunded as not actionable."""
    if _is_actionable(charge):
        return
    for warning in account.list_linked(WARNING, "charge", charge["id"]):
        if warning["actionable"]:
            before = dict(warning)
            warning["actionable"] = False
            account.save(warning)
            emit(account, f"{WARNING}.updated", warning, changed(before, warning))


def _is_actionable(charge: dict[str, Any]) -> bool:
    return not charge["disputed"] and not charge["refunded"]

"""The balance transaction of a charge, which Stripe adds after the payment succeeded (`automatic_async`)."""

from typing import Any

from lumira.sandbox.account import Account
from lumira.sandbox.balance.transactions import record_charge
from lumira.sandbox.events import changed, emit

#: The kind of task that adds the balance transaction to a charge.
CHARGE_BOOKED = "charge_booked"


def book_later(account: Account, charge: dict[str, Any]) -> None:
    """Schedule the balance transaction of a captured charge."""
    account.schedule(CHARGE_BOOKED, charge["id"], after_seconds=account.delay())


def book_charge(account: Account, charge_id: str) -> None:
    """Add the balance transaction to a charge that has none, and emit ``charge.updated``."""
    charge = account.find("charge", charge_id)
    if charge is None or charge["balance_transaction"] is not None or not charge["captured"]:
        return
    before = dict(charge)
    charge["balance_transaction"] = record_charge(account, charge)
    account.save(charge)
    emit(account, "charge.updated", charge, changed(before, charge))

"""The balance of the account: the balance transaction of a charge, and payouts. They belong to no order."""

from lumira.domain.stripe.balance import NamedMovement, PayoutFacts, read_named_movement, read_payout
from lumira.webhooks.registry import EventObject, handles_balance


@handles_balance("charge.updated")
def charge_updated(event: EventObject) -> NamedMovement | None:
    """Return the balance transaction that Stripe has added to the charge; its figures are read from Stripe later."""
    return read_named_movement(event.object)


@handles_balance(
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.canceled",
    "payout.reconciliation_completed",
)
def payout_changed(event: EventObject) -> PayoutFacts:
    """Return the state of the payout; the first event that arrives may be its last."""
    return read_payout(event.object)

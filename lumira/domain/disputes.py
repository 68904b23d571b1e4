"""Disputes: money that a buyer's bank withholds or has taken back."""

from dataclasses import dataclass
from datetime import datetime

from lumira.models import Dispute, DisputeStatus, Order
from lumira.models.columns import uuid7


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """The state of one Stripe dispute; `amount` in minor units, `movements` counts its balance transactions."""

    id: str
    charge_id: str | None
    amount: int
    currency: str
    status: DisputeStatus
    movements: int
    reason: str | None
    due_at: datetime | None


def record_dispute(order: Order, facts: DisputeFacts) -> None:
    """Record the state of one dispute; a state with fewer balance transactions is older and never overwrites."""
    dispute = next((dispute for dispute in order.disputes if dispute.stripe_dispute_id == facts.id), None)
    if dispute is None:
        order.disputes.append(
            Dispute(
                id=uuid7(),
                stripe_dispute_id=facts.id,
                stripe_charge_id=facts.charge_id,
                amount=facts.amount,
                currency=facts.currency,
                status=facts.status,
                movements=facts.movements,
                was_inquiry=facts.status.is_inquiry,
                reason=facts.reason,
                due_at=facts.due_at,
            )
        )
        return
    dispute.was_inquiry = dispute.was_inquiry or facts.status.is_inquiry
    # Each of these is the largest value ever reported, so that the order of the events does not matter.
    dispute.due_at = max(filter(None, (dispute.due_at, facts.due_at)), default=None)
    dispute.reason = max(filter(None, (dispute.reason, facts.reason)), default=None)
    reported = (facts.movements, facts.status.rank, facts.amount)
    if reported > (dispute.movements, dispute.status.rank, dispute.amount):
        dispute.status, dispute.movements, dispute.amount = facts.status, facts.movements, facts.amount


def is_disputed(order: Order) -> bool:
    """Whether any dispute of the order is open. An inquiry withholds no money and is none."""
    return any(dispute.status.is_open for dispute in order.disputes)


def lost_disputes(order: Order) -> list[Dispute]:
    """Return the disputes whose money the bank took for good.

    A prevented dispute that has an odd number of balance transactions is one: the money was withdrawn and not returned.
    """
    return [
        dispute
        for dispute in order.disputes
        if dispute.status is DisputeStatus.LOST
        or (dispute.status is DisputeStatus.PREVENTED and dispute.movements % 2 == 1)
    ]

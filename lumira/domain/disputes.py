"""Money that a buyer's bank holds or took back."""

from dataclasses import dataclass
from datetime import datetime

from lumira.models import Dispute, DisputeStatus, Order
from lumira.models.columns import uuid7


@dataclass(frozen=True, slots=True)
class DisputeFacts:
    """What Stripe says of one dispute; amount in minor units, `movements` of money so far."""

    id: str
    charge_id: str | None
    amount: int
    currency: str
    status: DisputeStatus
    movements: int
    reason: str | None
    due_at: datetime | None


def record_dispute(order: Order, facts: DisputeFacts) -> None:
    """Note what Stripe says of one dispute; what was told with fewer movements of money is the older word."""
    known = next((dispute for dispute in order.disputes if dispute.stripe_dispute_id == facts.id), None)
    if known is None:
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
    known.was_inquiry = known.was_inquiry or facts.status.is_inquiry
    # Each of these is the largest ever told, so that the order of telling leaves no trace.
    known.due_at = max(filter(None, (known.due_at, facts.due_at)), default=None)
    known.reason = max(filter(None, (known.reason, facts.reason)), default=None)
    told = (facts.movements, facts.status.rank, facts.amount)
    if told > (known.movements, known.status.rank, known.amount):
        known.status, known.movements, known.amount = facts.status, facts.movements, facts.amount


def open_amounts(order: Order) -> tuple[bool, int]:
    """Whether any dispute is open, and the minor units lost to those that are decided against us."""
    lost = sum(dispute.amount for dispute in order.disputes if dispute.status is DisputeStatus.LOST)
    return any(dispute.status.is_open for dispute in order.disputes), lost

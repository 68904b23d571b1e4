"""Disputes: inquiries, disputes and their outcome. Every event of a dispute is recorded by the same upsert."""

from lumira.domain import disputes
from lumira.domain.stripe.objects import read_dispute
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
def dispute_changed(order: Order, event: EventObject) -> None:
    """Record the dispute's status, amount and due date; the first event that arrives may be its last."""
    disputes.record_dispute(order, read_dispute(event.object))

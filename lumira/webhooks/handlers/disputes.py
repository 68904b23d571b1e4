"""Disputes: asked, opened, decided. Whatever is told of one is the same upsert."""

from lumira.domain import disputes
from lumira.domain.stripe_objects import read_dispute
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles(
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
def dispute_told(order: Order, told: EventObject) -> None:
    """Note one dispute's status, amount and due date; it may arrive decided already."""
    disputes.record_dispute(order, read_dispute(told.object))

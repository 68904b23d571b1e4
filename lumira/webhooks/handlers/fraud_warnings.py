"""Early fraud warnings: the issuer of a card reports that a payment may be fraudulent."""

from lumira.domain import fraud_warnings
from lumira.domain.stripe.objects import read_fraud_warning
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def fraud_warning_changed(order: Order, event: EventObject) -> None:
    """Record the warning, and whether Stripe still calls it actionable; either event may arrive first, or alone."""
    fraud_warnings.record_fraud_warning(order, read_fraud_warning(event.object))

"""Refunds, requested in Lumira or in Stripe's dashboard. Several events report one refund, which counts once."""

from lumira.domain import payments, refunds
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe.objects import read_charge, read_refund
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles("charge.refunded")
def charge_refunded(order: Order, event: EventObject) -> None:
    """Record the total amount refunded of a charge; settling decides what follows."""
    charge = read_charge(event.object)
    if charge.payment_intent_id is not None:
        # A charge carries the order number, so its event may be the first that names the payment.
        intent = IntentFacts(charge.payment_intent_id, "", charge.amount, charge.currency)
        payment = payments.attach_intent(order, intent, now=event.now)
        # Only a successful charge is refunded, and a payment has at most one, whose id may not be known yet.
        payment.stripe_charge_id = payment.stripe_charge_id or charge.id
    refunds.record_amount_refunded(order, charge)


# The deprecated event of a charge's refund carries the same object as `refund.updated`.
@handles("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def refund_changed(order: Order, event: EventObject) -> None:
    """Record the refund's amount and status."""
    refunds.record_refund(order, read_refund(event.object), now=event.now)

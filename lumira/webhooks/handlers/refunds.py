"""Refunds, made here or in Stripe's dashboard. Several events tell of one refund; it counts once."""

from lumira.domain import payments, refunds
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe_objects import read_charge, read_refund
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles("charge.refunded")
def charge_refunded(order: Order, told: EventObject) -> None:
    """Note how much of a charge went back in all; settling decides what follows."""
    charge = read_charge(told.object)
    if charge.payment_intent_id is not None:
        # A charge carries the order's number, so it may be what first tells of the payment.
        asked = IntentFacts(charge.payment_intent_id, "", charge.amount, charge.currency)
        payment = payments.attach_intent(order, asked)
        # Only a charge that took money is refunded, and a payment has one such: it may not be known yet.
        payment.stripe_charge_id = payment.stripe_charge_id or charge.id
    refunds.record_amount_refunded(order, charge)


# The deprecated event of a charge's refund carries the same object as `refund.updated`.
@handles("refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def refund_told(order: Order, told: EventObject) -> None:
    """Note one refund's amount and status."""
    refunds.record_refund(order, read_refund(told.object))

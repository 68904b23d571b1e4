"""What is known about an order besides its own rows: open alerts, and events that are not processed."""

from datetime import datetime

from lumira.domain.waiting import Surroundings
from lumira.models import AlertKind, Order
from lumira.repositories.alerts import alerts
from lumira.repositories.events import order_events

#: Alerts about the tenant's connection to Stripe: while one is open, no payment can be looked up.
_OF_CONNECTION = (AlertKind.STRIPE_KEY_REFUSED, AlertKind.STRIPE_UNAVAILABLE)


def load(order: Order, now: datetime) -> Surroundings:
    """Return what is known about a loaded order, with two queries; inside the caller's transaction."""
    at_stripe = _stripe_ids(order)
    subjects = [order.order_number, *at_stripe, *(str(message.id) for message in order.messages)]
    return Surroundings(
        now=now,
        events=order_events.list_stuck(order.tenant_id, [order.order_number, *at_stripe]),
        alerts=alerts.list_about(order.tenant_id, subjects, kinds=_OF_CONNECTION),
    )


def _stripe_ids(order: Order) -> list[str]:
    """Return the ids of the order's objects at Stripe."""
    return [
        *(payment.stripe_payment_intent_id for payment in order.payments),
        *(payment.stripe_charge_id for payment in order.payments if payment.stripe_charge_id),
        *(session.stripe_session_id for session in order.sessions),
        *(refund.stripe_refund_id for refund in order.refunds),
        *(dispute.stripe_dispute_id for dispute in order.disputes),
        *(warning.stripe_fraud_warning_id for warning in order.fraud_warnings),
    ]

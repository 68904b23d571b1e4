"""What a Checkout Session says of an order: of its page, and of the payment that was made there."""

from datetime import datetime

from lumira.domain import checkout_sessions, payments
from lumira.domain.checkout_sessions import SessionFacts
from lumira.domain.payments import IntentFacts
from lumira.models import Order, SessionState


def record_session(
    order: Order, facts: SessionFacts, *, reported_at: datetime | None = None, has_failed: bool = False
) -> None:
    """Note a session's state and, once its form was finished, its payment: paid only if Stripe says so.

    `SessionMismatch` or `PaymentMismatch` if it asks for something else than the order.
    """
    checkout_sessions.record(order, facts, has_failed=has_failed)
    if facts.payment_intent_id is None or facts.state is not SessionState.COMPLETE:
        return
    intent = IntentFacts(
        id=facts.payment_intent_id,
        status="succeeded" if facts.is_paid else "processing",
        amount=facts.amount,
        currency=facts.currency,
        amount_received=facts.amount if facts.is_paid else 0,
        reported_at=reported_at,
    )
    if facts.is_paid:
        payments.record_succeeded(order, intent)
    else:
        payments.attach_intent(order, intent)

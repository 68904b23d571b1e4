"""Checkout Sessions: completed, the outcome of a delayed payment, expired."""

from lumira.domain.checkout_sessions import record_session
from lumira.domain.stripe.objects import read_session
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles("checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.expired")
def checkout_session_changed(order: Order, event: EventObject) -> None:
    """Record the session's state; a completed session is paid only if its `payment_status` is `paid`."""
    record_session(order, read_session(event.object), now=event.now, reported_at=event.reported_at)


@handles("checkout.session.async_payment_failed")
def checkout_session_payment_failed(order: Order, event: EventObject) -> None:
    """Record that a delayed payment failed; a completed session cannot be paid again."""
    record_session(
        order, read_session(event.object), now=event.now, reported_at=event.reported_at, has_failed=True
    )

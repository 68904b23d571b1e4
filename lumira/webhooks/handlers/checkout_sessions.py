"""Checkout Sessions: the form finished, the delayed outcome, the time over."""

from lumira.domain.record_session import record_session
from lumira.domain.stripe_objects import read_session
from lumira.models import Order
from lumira.webhooks.registry import EventObject, handles


@handles("checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.expired")
def session_told(order: Order, told: EventObject) -> None:
    """Note the session as it is told; a finished form is paid only where Stripe says so."""
    record_session(order, read_session(told.object), reported_at=told.at)


@handles("checkout.session.async_payment_failed")
def session_payment_failed(order: Order, told: EventObject) -> None:
    """A delayed payment came to nothing, and nobody can try again on this page."""
    record_session(order, read_session(told.object), reported_at=told.at, has_failed=True)

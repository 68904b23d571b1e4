"""Checkout Sessions: the pages of Stripe's on which orders are paid, and the facts that come back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lumira.clock import utc_now
from lumira.models import CheckoutSession, Order, RequestState, SessionState, email_key
from lumira.models.columns import uuid7


class SessionMismatch(Exception):
    """A Checkout Session names an order but asks for another amount or currency."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What Stripe says of one Checkout Session; amount in minor units."""

    id: str
    state: SessionState
    is_paid: bool
    amount: int
    currency: str
    expires_at: datetime
    payment_intent_id: str | None = None
    customer_email: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def attach_session(order: Order, facts: SessionFacts) -> CheckoutSession:
    """Tie a Checkout Session to its order; `SessionMismatch` if it asks for something else. Safe to repeat."""
    session = order.find_session(facts.id)
    if session is None:
        if (facts.amount, facts.currency) != (order.amount, order.currency):
            raise SessionMismatch(facts.id)
        session = CheckoutSession(
            id=uuid7(),
            stripe_session_id=facts.id,
            state=SessionState.OPEN,
            is_paid=False,
            has_failed=False,
            expires_at=facts.expires_at,
        )
        order.sessions.append(session)
    if order.requests and order.requests[-1].state is RequestState.FROZEN:
        order.requests[-1].state = RequestState.ACCEPTED
        order.requests[-1].responded_at = utc_now()
    return session


def record(order: Order, facts: SessionFacts, *, has_failed: bool = False) -> None:
    """Note how far a session has come; an older word never overwrites a later one."""
    session = attach_session(order, facts)
    session.state = session.state.furthest(facts.state)
    session.is_paid = session.is_paid or facts.is_paid
    session.has_failed = session.has_failed or has_failed
    session.stripe_payment_intent_id = session.stripe_payment_intent_id or facts.payment_intent_id
    if order.customer_email is None and order.erased_at is None and facts.customer_email is not None:
        # Asked for by Stripe's page where the shop did not know it.
        order.customer_email = facts.customer_email
        order.email_key = email_key(facts.customer_email)

"""Checkout Sessions: the facts that Stripe reports about its payment pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lumira.domain import payments
from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import record_address
from lumira.domain.payments import IntentFacts
from lumira.models import CheckoutSession, Order, RequestKind, SessionState, email_key
from lumira.models.columns import uuid7


class SessionMismatch(Exception):
    """An unpaid Checkout Session only names an order, and has another amount or currency."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """The state of one Checkout Session; amount in minor units."""

    id: str
    state: SessionState
    is_paid: bool
    amount: int
    currency: str
    expires_at: datetime
    payment_intent_id: str | None = None
    customer_email: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: What Stripe's page has asked.
    shipping: Address | None = None


def attach_session(order: Order, facts: SessionFacts, *, now: datetime) -> CheckoutSession:
    """Attach a Checkout Session to its order; `SessionMismatch`, before anything is changed, if it is not the order's.

    A session that is attached already, or is paid, is the order's whatever its amount; an unpaid one that only names
    the order has to be of the order's amount and currency. Safe to repeat.
    """
    session = order.find_session(facts.id)
    if session is None:
        if (facts.amount, facts.currency) != (order.amount, order.currency) and not facts.is_paid:
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
        payments.accept_newest_request(order, RequestKind.CHECKOUT_SESSION, now)
    return session


def record_session(
    order: Order,
    facts: SessionFacts,
    *,
    now: datetime,
    reported_at: datetime | None = None,
    has_failed: bool = False,
) -> None:
    """Record a session's state and, once it is complete, its payment with the session's own amount and currency.

    The payment has succeeded only if Stripe says so. `SessionMismatch` as of `attach_session`.
    """
    session = attach_session(order, facts, now=now)
    session.state = session.state.furthest(facts.state)
    session.is_paid = session.is_paid or facts.is_paid
    session.has_failed = session.has_failed or has_failed
    session.stripe_payment_intent_id = session.stripe_payment_intent_id or facts.payment_intent_id
    record_buyer(order, facts.customer_email)
    record_address(order, facts.shipping)
    # A session that requires no payment may have the PaymentIntent of an earlier attempt, which received nothing.
    if facts.payment_intent_id is not None and facts.state is SessionState.COMPLETE and facts.amount > 0:
        _record_payment(order, facts, facts.payment_intent_id, now=now, reported_at=reported_at)


def is_known(order: Order, facts: SessionFacts) -> bool:
    """Whether the session still waits to be paid, and recording its state would change nothing about the order."""
    session = order.find_session(facts.id)
    if session is None or session.is_paid or facts.is_paid or session.state is not facts.state:
        return False
    is_buyer_known = order.customer_email is not None or facts.customer_email is None
    return is_buyer_known and session.stripe_payment_intent_id == facts.payment_intent_id


def record_buyer(order: Order, email: str | None) -> None:
    """Record the address that the buyer typed at Stripe, if none came with the sale."""
    if order.customer_email is None and order.erased_at is None and email is not None:
        order.customer_email = email
        order.email_key = email_key(email)


def _record_payment(
    order: Order,
    facts: SessionFacts,
    payment_intent_id: str,
    *,
    now: datetime,
    reported_at: datetime | None,
) -> None:
    intent = IntentFacts(
        id=payment_intent_id,
        status="succeeded" if facts.is_paid else "processing",
        amount=facts.amount,
        currency=facts.currency,
        amount_received=facts.amount if facts.is_paid else 0,
        reported_at=reported_at,
    )
    if facts.is_paid:
        payments.record_succeeded(order, intent, now=now)
    else:
        payments.attach_intent(order, intent, now=now)

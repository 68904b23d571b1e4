"""Postponing the polls of orders on which nothing happened, as a listing shows; everything else is polled by itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import checkout_sessions, payments
from lumira.domain.order_status import is_closed, is_open, may_be_orphaned
from lumira.domain.poll_schedule import is_abandoned
from lumira.domain.stripe.objects import MalformedObject, read_intent, read_session
from lumira.models import Order, PaymentState
from lumira.reconciliation.listing import Listed
from lumira.reconciliation.poll_plan import can_look_up
from lumira.repositories.orders import order_polls, orders
from lumira.repositories.tenants.stripe_accounts import StripeAccount


@retried
def postpone_unchanged(
    tenant_id: int, account: StripeAccount, order_ids: Sequence[UUID], listed: Listed
) -> list[UUID]:
    """Schedule the next poll of each order that waits unchanged; return the others in the same order."""
    now = utc_now()
    with atomic(tenant_id):
        loaded = orders.lock_orders(tenant_id, order_ids)
        unchanged = {
            order.id
            for order in loaded.values()
            if can_look_up(order, account) and _waits_unchanged(order, listed, now)
        }
        for order_id in unchanged:
            order_polls.schedule(loaded[order_id], now)
    return [order_id for order_id in order_ids if order_id not in unchanged]


def _waits_unchanged(order: Order, listed: Listed, now: datetime) -> bool:
    """Whether the listing has everything that the order waits for, and nothing about it that is not recorded."""
    if not is_open(order) or is_closed(order) or is_abandoned(order, now) or may_be_orphaned(order):
        return False
    sessions = [s.stripe_session_id for s in order.sessions if s.is_open or s.is_awaited]
    intents = [p.stripe_payment_intent_id for p in order.payments if p.state is PaymentState.OPEN]
    return (
        bool(sessions or intents)
        and all(_is_session_known(order, listed, session_id) for session_id in sessions)
        and all(_is_intent_known(order, listed, intent_id) for intent_id in intents)
    )


def _is_session_known(order: Order, listed: Listed, session_id: str) -> bool:
    try:
        return checkout_sessions.is_known(order, read_session(listed.find(session_id) or {}))
    except MalformedObject:
        return False


def _is_intent_known(order: Order, listed: Listed, intent_id: str) -> bool:
    try:
        return payments.is_known(order, read_intent(listed.find(intent_id) or {}))
    except MalformedObject:
        return False

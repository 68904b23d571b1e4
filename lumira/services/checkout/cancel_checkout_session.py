"""Cancel a Checkout Session that the buyer gave up: its stock is released at once."""

from typing import Any

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.checkout_sessions import record_session
from lumira.domain.stripe.objects import read_session
from lumira.errors import Conflict
from lumira.errors.orders import OrderNotFound
from lumira.models import Order, SessionState
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.services.checkout.begin_checkout import ACTOR
from lumira.services.checkout.call_stripe import alerting_of_permissions, close_session
from lumira.settlement.settle_order import settle_order


def cancel_checkout_session(tenant_id: int, session_id: str) -> Order:
    """Expire a session at Stripe, release its stock, and return its order; safe to repeat.

    Raises `OrderNotFound`, `Conflict` if the buyer has paid, and from the call to Stripe `StripeConfigError` and
    `StripeUnavailable`, after which nothing has changed.
    """
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, session_id)
        session = order.find_session(session_id)
        if session is None:
            raise OrderNotFound(orders.NO_PAYMENT)
        account = stripe_accounts.get_account(tenant_id)
    if session.is_open:
        with alerting_of_permissions(tenant_id):
            expired = close_session(account, session_id)
        order = _record(tenant_id, order, expired)
    closed = order.find_session(session_id)
    if closed is None or closed.state is not SessionState.EXPIRED:
        raise Conflict("The buyer has already paid on this page: refund the payment instead.")
    return order


@retried
def _record(tenant_id: int, order: Order, session: dict[str, Any]) -> Order:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order.id)
        record_session(order, read_session(session), now=utc_now())
        settle_order(order, actor=ACTOR)
        return order

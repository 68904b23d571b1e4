"""Cancel an unpaid order by the decision of an operator: at Stripe where Stripe allows it, and here in any case."""

from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.order_money import is_completed_without_payment
from lumira.domain.order_status import is_open
from lumira.errors.orders import NotCancelable
from lumira.errors.stripe import StripeConfigError
from lumira.models import Order
from lumira.reconciliation.poll_order import record
from lumira.reconciliation.poll_plan import PollPlan, can_look_up, make_plan
from lumira.reconciliation.stripe_state import NOT_READ, StripeState, fetch_and_close
from lumira.repositories.alerts import alerts
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.tenants.end_test_sales import end_test_sale

log = structlog.get_logger()


def cancel_order(tenant_id: int, order_id: UUID, *, actor: str) -> Order:
    """Close what can still be paid at Stripe, cancel the order and release its stock; returns the order afterwards.

    If it was paid in the meantime, it is completed instead. An order of another mode or account, or one whose payment
    Stripe does not close, is cancelled here; a payment that arrives later completes it, or is refunded if nothing is
    left. A paid test sale is ended if the tenant sells live. Raises `NotCancelable` if the order does not wait for a
    payment, and `StripeUnavailable`: nothing was changed here then.
    """
    if not end_test_sale(tenant_id, order_id, actor=actor):
        plan, account = _plan(tenant_id, order_id)
        record(tenant_id, plan, _close_at_stripe(account, plan), actor=actor)
    with atomic(tenant_id):
        return orders.get_order(tenant_id, str(order_id))


@retried
def _plan(tenant_id: int, order_id: UUID) -> tuple[PollPlan, StripeAccount | None]:
    """Return the plan, and the account; `None` if its key has no access to the order's payments."""
    with atomic(tenant_id):
        account = stripe_accounts.find_account(tenant_id)
        order = orders.lock_order(tenant_id, order_id)
        is_unpaid = is_open(order) or is_completed_without_payment(order)
        if not is_unpaid or any(payment.has_succeeded for payment in order.payments):
            raise NotCancelable(_reason(order))
        return make_plan(order, utc_now(), closes_here=True), (
            account if can_look_up(order, account) else None
        )


def _reason(order: Order) -> str:
    number = order.order_number
    if order.review_reason is not None:
        return (
            f"The order {number} was paid and is under review: use `flask orders release` or `orders refund`."
        )
    if any(payment.has_succeeded for payment in order.payments):
        return f"The order {number} was paid: use `flask orders refund {number}`."
    return f"The order {number} does not wait for a payment: it is {order.status}."


def _close_at_stripe(account: StripeAccount | None, plan: PollPlan) -> StripeState:
    if account is None:
        return NOT_READ
    try:
        state = fetch_and_close(account, plan)
    except StripeConfigError as error:
        log.warning("order_not_closed_at_stripe", order_number=plan.order_number, error=str(error))
        return NOT_READ
    if state.forbidden:
        with atomic(account.tenant_id):
            for permission in state.forbidden:
                alerts.raise_missing_permission(account.tenant_id, permission)
    return state

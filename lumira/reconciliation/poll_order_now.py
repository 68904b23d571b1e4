"""Ask Stripe about one order now, by the decision of an operator."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clients.stripe_client import StripePermissionMissing
from lumira.database import atomic
from lumira.models import Order
from lumira.reconciliation.poll_order import poll_order
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.repositories.tenants import stripe_accounts


@dataclass(frozen=True, slots=True)
class PollResult:
    """The order afterwards; whether Stripe knew something new, `None` if there was nothing to look up."""

    order: Order
    is_repaired: bool | None


def poll_order_now(tenant_id: int, order_id: UUID, *, actor: str) -> PollResult:
    """Record and settle what Stripe holds about the order, as the periodic poll does, without waiting for it.

    Raises `OrderNotFound`, and what the Stripe client raises: `StripeUnavailable`, `StripeConfigError`.
    """
    with atomic(tenant_id):
        account = stripe_accounts.find_account(tenant_id)
        orders.lock_order(tenant_id, order_id)
        audit.record(tenant_id, actor=actor, action="order_polled", subject=f"order:{order_id}")
    missing: list[StripePermissionMissing] = []
    is_repaired = poll_order(tenant_id, account, order_id, on_missing_permission=missing.append)
    with atomic(tenant_id):
        for permission in missing:
            alerts.raise_missing_permission(tenant_id, permission)
        return PollResult(orders.get_order(tenant_id, str(order_id)), is_repaired)

"""An operator's decision to trust a payment in spite of early fraud warnings."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import fraud_warnings
from lumira.errors import NoOpenWarning
from lumira.models import Order
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.settlement.settle_order import settle_order


@retried
def dismiss_fraud_warnings(tenant_id: int, order_id: UUID, *, actor: str) -> Order:
    """Dismiss every open fraud warning of an order, which restores its access; return the settled order.

    A refund that was decided because of a warning is made all the same. Raises `NoOpenWarning` if none is open.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        dismissed = fraud_warnings.open_warnings(order)
        if not dismissed:
            raise NoOpenWarning(f"The order {order.order_number} has no open fraud warning.")
        now = utc_now()
        for warning in dismissed:
            fraud_warnings.dismiss(warning, now)
        audit.record(
            tenant_id,
            actor=actor,
            action="fraud_warning_dismissed",
            subject=f"order:{order.id}",
            warnings=[warning.stripe_fraud_warning_id for warning in dismissed],
        )
        settle_order(order, actor=actor)
        return order

"""An operator's decision to accept a payment of another amount or currency."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.orders import NotUnderReview
from lumira.models import Order
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.settlement.settle_order import settle_order


@retried
def release_order(tenant_id: int, order_id: UUID, *, actor: str) -> Order:
    """Release an order under review, so that it is fulfilled; return the settled order.

    Raises `NotUnderReview` if the order is not paid, is fulfilled, or was released before.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        if order.review_reason is None:
            raise NotUnderReview(f"The order {order.order_number} is not under review: it is {order.status}.")
        reason = str(order.review_reason)
        order.review_released_at = utc_now()
        audit.record(
            tenant_id, actor=actor, action="order_released", subject=f"order:{order.id}", reason=reason
        )
        settle_order(order, actor=actor)
        return order

"""Records that a buyer has proved that withdrawn goods were sent back, which ends the waiting for them."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.withdrawal_refunds import withheld
from lumira.errors.orders import NotWithdrawable
from lumira.models import Order
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.settlement.settle_order import settle_order


@retried
def record_proof(tenant_id: int, order_id: UUID, *, actor: str) -> Order:
    """Refund the accepted withdrawals from an order that wait for goods (code de la consommation, L221-24).

    Raises `OrderNotFound`, and `NotWithdrawable` if none waits for goods.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        concerned = withheld(order)
        if not concerned:
            raise NotWithdrawable(f"No withdrawal from the order {order.order_number} waits for goods.")
        now = utc_now()
        for withdrawal in concerned:
            withdrawal.sent_back_at = now
            audit.record(
                tenant_id,
                actor=actor,
                action="withdrawal_goods_sent",
                subject=f"order:{order.id}",
                withdrawal=str(withdrawal.id),
            )
        order.updated_at = now
        settle_order(order, actor=actor)
        return order

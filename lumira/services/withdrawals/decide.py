"""An operator's decision about the withdrawals from an order that wait for one."""

from collections.abc import Collection
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.withdrawal import waiting
from lumira.errors.orders import NotWithdrawable, WithdrawalsChanged
from lumira.models import Order, WithdrawalDecision
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.settlement.settle_order import settle_order


@retried
def decide(
    tenant_id: int,
    order_id: UUID,
    decision: WithdrawalDecision,
    *,
    actor: str,
    note: str | None = None,
    seen: Collection[UUID] | None = None,
    waits_for_return: bool | None = None,
) -> Order:
    """Accept or refuse all withdrawals of an order that wait for a decision; returns the settled order.

    An accepted one is refunded by a worker: at once, or with `waits_for_return`, whose default is the tenant's setting,
    once the shipped goods are back. `note` explains a refusal to the buyer. Raises `OrderNotFound`,
    `NotWithdrawable` if none waits, and `WithdrawalsChanged` if others wait than those that the operator has `seen`.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        undecided = waiting(order)
        if not undecided:
            raise NotWithdrawable(f"No withdrawal from the order {order.order_number} waits for a decision.")
        if seen is not None and set(seen) != {withdrawal.id for withdrawal in undecided}:
            raise WithdrawalsChanged(f"Other withdrawals from the order {order.order_number} wait now.")
        now = utc_now()
        is_accepted = decision is WithdrawalDecision.ACCEPTED
        if waits_for_return is None:
            waits_for_return = tenants.get(tenant_id).refund_on_return
        for withdrawal in undecided:
            withdrawal.decision, withdrawal.decided_at, withdrawal.decision_note = decision, now, note
            withdrawal.waits_for_return = is_accepted and waits_for_return
            audit.record(
                tenant_id,
                actor=actor,
                action=f"withdrawal_{decision}",
                subject=f"order:{order.id}",
                withdrawal=str(withdrawal.id),
            )
        order.updated_at = now
        settle_order(order, actor=actor)
        return order

"""Ends the paid test sales of a tenant that sells live: their units are returned, and nothing of them is refunded."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain import order_status, refund_requests
from lumira.models import Order, ReservationState
from lumira.repositories.audit import audit
from lumira.repositories.inventory import stock_counts
from lumira.repositories.orders import orders
from lumira.repositories.orders.refund_requests import lock_request
from lumira.repositories.tenants import tenants
from lumira.settlement.settle_order import settle_order

#: Orders listed at a time; each is ended in a transaction of its own.
_PAGE = 50


@dataclass(slots=True)
class ReturnedUnits:
    """Units of ended test sales, by product id."""

    returned: Counter[str] = field(default_factory=Counter)
    #: Not returned, because an operator has counted the product since.
    counted: Counter[str] = field(default_factory=Counter)


def end_test_sales(
    tenant_id: int, *, actor: str, is_stopping: Callable[[], bool] = lambda: False
) -> ReturnedUnits:
    """End every paid order of test mode, once, if the tenant sells live; return the units of them.

    A sale that is paid later is ended by the next call, and so is what a killed process left.
    """
    units = ReturnedUnits()
    while not is_stopping() and (order_ids := _list(tenant_id)):
        ended = [end_test_sale(tenant_id, order_id, actor=actor, units=units) for order_id in order_ids]
        if not any(ended):
            # Another process is ending them.
            break
    return units


def _list(tenant_id: int) -> list[UUID]:
    with atomic(tenant_id):
        return orders.list_test_sales(tenant_id, limit=_PAGE) if tenants.get(tenant_id).livemode else []


@retried
def end_test_sale(tenant_id: int, order_id: UUID, *, actor: str, units: ReturnedUnits | None = None) -> bool:
    """End one order, if it is a paid one of test mode and the tenant sells live; return whether it was ended now."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        if not tenants.get(tenant_id).livemode or not order_status.is_test_sale(order):
            return False
        sold = [item for item in order.reservations if item.state is ReservationState.SOLD]
        order.test_ended_at = utc_now()
        _end_refunds(order)
        settle_order(order, actor=actor)
        db.session.flush()
        taken = {
            item.product_id: item.quantity
            for item in sold
            if stock_counts.remove_counted_again(order, item.product_id, item.quantity, actor=actor)
        }
        returned = {item.product_id: item.quantity for item in sold if item.product_id not in taken}
        audit.record(
            tenant_id,
            actor=actor,
            action="test_sale_ended",
            subject=f"order:{order.id}",
            returned=returned,
            counted=taken,
        )
    if units is not None:
        units.returned.update(returned)
        units.counted.update(taken)
    return True


def _end_refunds(order: Order) -> None:
    for request in order.refund_requests:
        if request.is_under_way:
            locked = lock_request(order.tenant_id, request.id)
            if locked.is_under_way:
                refund_requests.end_with_test_sale(locked, utc_now())

"""List deliverables: those of an order, and those of all orders."""

from collections.abc import Sequence
from uuid import UUID

from lumira.database import atomic
from lumira.models import DeliverableState, Order
from lumira.repositories.fulfilment import deliverables, files
from lumira.repositories.fulfilment.deliverables import DeliverableTask, DeliverableView
from lumira.repositories.orders import orders


def view_deliverables(tenant_id: int, reference: str) -> list[DeliverableView]:
    """Return the deliverables of one order; empty before it is fulfilled. Raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        return list_deliverables(tenant_id, [order])[order.id]


def list_deliverables(tenant_id: int, whole_orders: Sequence[Order]) -> dict[UUID, list[DeliverableView]]:
    """Return the deliverables of fully loaded orders, by order id, with two queries for all of them.

    Inside the caller's transaction.
    """
    fulfilled = {order.id: {grant.order_line_id for grant in order.grants} for order in whole_orders}
    promises = {
        order.id: [
            promise for promise in deliverables.list_promises(order) if promise.line.id in fulfilled[order.id]
        ]
        for order in whole_orders
    }
    ids = [promise.id for of_order in promises.values() for promise in of_order]
    rows = deliverables.list_by_order(tenant_id, list(promises)) if ids else {}
    files_of = files.by_deliverable(tenant_id, ids) if ids else {}
    return {
        order.id: [deliverables.view(order, promise, rows, files_of) for promise in promises[order.id]]
        for order in whole_orders
    }


def list_tasks(
    tenant_id: int, *, state: DeliverableState | None = None, is_open: bool = True
) -> list[DeliverableTask]:
    """List the deliverables of all orders, oldest order first; `is_open` omits delivered and withdrawn ones."""
    with atomic(tenant_id):
        return deliverables.list_tasks(tenant_id, state=state, is_open=is_open)

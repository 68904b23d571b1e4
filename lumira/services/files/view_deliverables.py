"""Looking at the expert's work on an order, without changing anything."""

from collections.abc import Sequence
from uuid import UUID

from lumira.database import atomic
from lumira.models import DeliverableState, Order
from lumira.repositories import deliverables, files, orders
from lumira.repositories.deliverables import DeliverableView, Work


def view_deliverables(tenant_id: int, reference: str) -> list[DeliverableView]:
    """What one order promises and how far it is: nothing before it is served; `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        return read_deliverables(tenant_id, [order])[order.id]


def read_deliverables(tenant_id: int, found: Sequence[Order]) -> dict[UUID, list[DeliverableView]]:
    """Of each whole order what it promises; inside the caller's transaction, two queries for all of them."""
    served = {order.id: {grant.order_line_id for grant in order.grants} for order in found}
    promised = {
        order.id: [each for each in deliverables.promised(order) if each.line.id in served[order.id]]
        for order in found
    }
    ids = [each.id for those in promised.values() for each in those]
    rows = deliverables.rows_of(tenant_id, list(promised)) if ids else {}
    known = files.of_deliverables(tenant_id, ids) if ids else {}
    return {
        order.id: [deliverables.view(order, each, rows, known) for each in promised[order.id]]
        for order in found
    }


def list_work(tenant_id: int, *, state: DeliverableState | None = None, is_open: bool = True) -> list[Work]:
    """The expert's work for all orders, longest waiting first; `is_open` leaves out what is done or withdrawn."""
    with atomic(tenant_id):
        return deliverables.list_work(tenant_id, state=state, is_open=is_open)

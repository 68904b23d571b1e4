"""The queue of deliverables, and the work on one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.database import atomic
from lumira.domain.list_position import Position
from lumira.models import Deliverable, Order
from lumira.repositories.fulfilment import deliverable_queue
from lumira.repositories.fulfilment.deliverable_queue import Queue, QueuedWork
from lumira.repositories.fulfilment.deliverables import DeliverableView
from lumira.repositories.operators import operator_roles
from lumira.repositories.orders import orders
from lumira.services.files.view_deliverables import list_deliverables

#: Deliverables on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of a queue, the addresses of the team by their names in the audit log, and where the next one begins."""

    work: Sequence[QueuedWork]
    operators: Mapping[str, str]
    next: Position | None


@dataclass(frozen=True, slots=True)
class Work:
    """One deliverable with its files and its order, which says for whom it is made."""

    row: Deliverable
    view: DeliverableView
    order: Order
    product_name: str
    operators: Mapping[str, str]

    @property
    def is_due(self) -> bool:
        """Whether work may be done: the order is neither refunded nor disputed, nor its buyer erased."""
        return not self.view.withdrawn and self.order.erased_at is None


def view_queue(tenant_id: int, queue: Queue, *, actor: str, after: Position | None = None) -> QueuePage:
    """Return one page of a queue; `actor` is the operator whose own work `Queue.MINE` lists."""
    with atomic(tenant_id):
        found = deliverable_queue.list_queue(tenant_id, queue, actor=actor, after=after, limit=PAGE + 1)
        page = found[:PAGE]
        return QueuePage(
            work=page,
            operators=operator_roles.addresses_by_actor(tenant_id),
            next=deliverable_queue.position_of(page[-1], queue) if len(found) > PAGE else None,
        )


def view_work(tenant_id: int, deliverable_id: UUID) -> Work:
    """Return one deliverable with everything that its page shows; raises `NotFound`."""
    with atomic(tenant_id):
        row = deliverable_queue.get(tenant_id, deliverable_id)
        order = orders.get_order(tenant_id, str(row.order_id))
        views = list_deliverables(tenant_id, [order])[order.id]
        line = next(line for line in order.lines if line.id == row.order_line_id)
        return Work(
            row=row,
            view=next(view for view in views if view.id == row.id),
            order=order,
            product_name=line.product_name,
            operators=operator_roles.addresses_by_actor(tenant_id),
        )

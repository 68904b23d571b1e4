"""An operator takes a deliverable from the queue, or returns it."""

from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors.files import AlreadyClaimed, AlreadyDelivered
from lumira.models import Deliverable, DeliverableState, Order
from lumira.repositories.audit import audit
from lumira.repositories.fulfilment import deliverable_queue, deliverables
from lumira.repositories.orders import orders


@retried
def claim_deliverable(
    tenant_id: int, deliverable_id: UUID, *, actor: str, takes_over: bool = False
) -> Deliverable:
    """Note that the operator works on a deliverable, so that no other one begins; its state becomes `in_progress`.

    Claiming it again changes nothing. Raises `NotFound`; `NoWorkDue`; `AlreadyDelivered`; and `AlreadyClaimed` if
    another operator works on it, unless this one takes over.
    """
    with atomic(tenant_id):
        order, row = _lock(tenant_id, deliverable_id)
        deliverables.require_workable(order, deliverables.get_promise(order, str(row.id)))
        if row.state is DeliverableState.DELIVERED:
            raise AlreadyDelivered("The deliverable is delivered.")
        if row.claimed_by == actor:
            return row
        if row.claimed_by is not None and not takes_over:
            raise AlreadyClaimed("Another operator works on the deliverable.")
        row.claimed_by, row.claimed_at = actor, utc_now()
        row.state = DeliverableState.IN_PROGRESS
        _record(order, row, actor=actor, action="deliverable_claimed")
        return row


@retried
def return_deliverable(tenant_id: int, deliverable_id: UUID, *, actor: str) -> Deliverable:
    """Return a deliverable to the queue: no operator works on it any more. Raises `NotFound`, `AlreadyDelivered`."""
    with atomic(tenant_id):
        order, row = _lock(tenant_id, deliverable_id)
        if row.state is DeliverableState.DELIVERED:
            raise AlreadyDelivered("The deliverable is delivered.")
        if row.claimed_by is not None:
            row.claimed_by = row.claimed_at = None
            _record(order, row, actor=actor, action="deliverable_returned")
        return row


def _lock(tenant_id: int, deliverable_id: UUID) -> tuple[Order, Deliverable]:
    """Return a deliverable and its order, locked: the order's lock guards its deliverables."""
    order = orders.lock_order(tenant_id, deliverable_queue.get(tenant_id, deliverable_id).order_id)
    return order, deliverable_queue.get_fresh(tenant_id, deliverable_id)


def _record(order: Order, row: Deliverable, *, actor: str, action: str) -> None:
    audit.record(
        order.tenant_id, actor=actor, action=action, subject=f"order:{order.id}", deliverable=row.key
    )

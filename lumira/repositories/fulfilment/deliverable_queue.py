"""The deliverables of all orders as a queue of work, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.errors import NotFound
from lumira.models import AccessGrant, Deliverable, DeliverableState, Order, OrderLine
from lumira.repositories.orders import sale_mode


class Queue(StrEnum):
    """Which deliverables a list shows."""

    #: Not delivered, the longest waiting first.
    WAITING = "waiting"
    #: Those of them that the operator works on.
    MINE = "mine"
    #: Delivered, the newest first.
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class QueuedWork:
    """One deliverable in a list: its row, and what the order says about it."""

    row: Deliverable
    order_number: str
    product_name: str
    title: str


def list_queue(
    tenant_id: int, queue: Queue, *, actor: str, after: Position | None, limit: int
) -> Sequence[QueuedWork]:
    """List deliverables on which work is due, or that are delivered; those of refunded orders are left out."""
    query = (
        select(Deliverable, Order.order_number, OrderLine)
        .join(Order, (Order.tenant_id == Deliverable.tenant_id) & (Order.id == Deliverable.order_id))
        .join(
            OrderLine,
            (OrderLine.tenant_id == Deliverable.tenant_id) & (OrderLine.id == Deliverable.order_line_id),
        )
        .join(
            AccessGrant,
            (AccessGrant.tenant_id == Deliverable.tenant_id)
            & (AccessGrant.order_line_id == Deliverable.order_line_id),
        )
        .where(Deliverable.tenant_id == tenant_id, AccessGrant.active, sale_mode.counts(tenant_id))
        .limit(constant(limit))
    )
    found = db.session.execute(_of_queue(query, queue, actor=actor, after=after))
    return [QueuedWork(row, number, line.product_name, _title(row, line)) for row, number, line in found]


def _of_queue(
    query: Select[Deliverable, str, OrderLine], queue: Queue, *, actor: str, after: Position | None
) -> Select[Deliverable, str, OrderLine]:
    delivered = constant(DeliverableState.DELIVERED)
    if queue is Queue.DELIVERED:
        query = query.where(Deliverable.state == delivered)
        if after is not None:
            query = query.where(tuple_(Deliverable.delivered_at, Deliverable.id) < tuple_(after.at, after.id))
        return query.order_by(Deliverable.delivered_at.desc(), Deliverable.id.desc())
    query = query.where(Deliverable.state != delivered)
    if queue is Queue.MINE:
        query = query.where(Deliverable.claimed_by == actor)
    if after is not None:
        query = query.where(tuple_(Deliverable.created_at, Deliverable.id) > tuple_(after.at, after.id))
    return query.order_by(Deliverable.created_at, Deliverable.id)


def _title(row: Deliverable, line: OrderLine) -> str:
    return next((promise.title for promise in line.promises if promise.id == row.id), row.key)


def position_of(work: QueuedWork, queue: Queue) -> Position:
    """Return where the page after this row begins."""
    at: datetime | None = work.row.delivered_at if queue is Queue.DELIVERED else None
    return Position(at or work.row.created_at, work.row.id)


def get(tenant_id: int, deliverable_id: UUID) -> Deliverable:
    """Return a deliverable by its id; raises `NotFound`."""
    row = db.session.get(Deliverable, (tenant_id, deliverable_id))
    if row is None:
        raise NotFound("There is no such deliverable.")
    return row


def get_fresh(tenant_id: int, deliverable_id: UUID) -> Deliverable:
    """Return a deliverable as it is now, after its order was locked."""
    row = get(tenant_id, deliverable_id)
    db.session.refresh(row)
    return row

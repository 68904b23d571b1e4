"""Lists of messages for operators, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, select

from lumira.database import constant, db
from lumira.models import MessageKind, MessageStatus, Order, OutboxMessage


@dataclass(frozen=True, slots=True)
class ListedMessage:
    """A message with the number of its order and the buyer's address."""

    message: OutboxMessage
    order_number: str
    customer_email: str | None


def list_page(
    tenant_id: int,
    *,
    status: MessageStatus | None = None,
    kind: MessageKind | None = None,
    order_ids: Sequence[UUID] | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[ListedMessage]:
    """List messages by their ids, newest first, from before the one with the id `before`.

    `order_ids` are those of the orders whose messages are listed; `None` for all.
    """
    query = (
        select(OutboxMessage, Order.order_number, Order.customer_email)
        .join(Order, (Order.tenant_id == OutboxMessage.tenant_id) & (Order.id == OutboxMessage.order_id))
        .where(OutboxMessage.tenant_id == tenant_id)
    )
    if status is not None:
        query = query.where(OutboxMessage.status == constant(status))
    if kind is not None:
        query = query.where(OutboxMessage.kind == constant(kind))
    if before is not None:
        query = query.where(OutboxMessage.id < before)
    if order_ids is not None:
        query = query.where(OutboxMessage.id.in_(_of_orders(tenant_id, order_ids)))
    rows = db.session.execute(query.order_by(OutboxMessage.id.desc()).limit(constant(limit)))
    return [ListedMessage(*row) for row in rows]


def _of_orders(tenant_id: int, order_ids: Sequence[UUID]) -> Select[UUID]:
    """The ids of the messages of these orders, found first: planned with the list, all messages might be read."""
    of_orders = (
        select(OutboxMessage.id)
        .where(OutboxMessage.tenant_id == tenant_id, OutboxMessage.order_id == func.any(list(order_ids)))
        .cte("of_orders")
        .prefix_with("MATERIALIZED")
    )
    return select(of_orders.c.id)


def list_dead(
    tenant_id: int, *, kind: MessageKind | None, until: UUID | None = None, limit: int
) -> Sequence[tuple[UUID, MessageKind]]:
    """List the messages that were given up, of one kind or all, oldest first, up to the one with the id `until`."""
    query = select(OutboxMessage.id, OutboxMessage.kind).where(
        OutboxMessage.tenant_id == tenant_id, OutboxMessage.status == constant(MessageStatus.DEAD)
    )
    if kind is not None:
        query = query.where(OutboxMessage.kind == constant(kind))
    if until is not None:
        query = query.where(OutboxMessage.id <= until)
    rows = db.session.execute(query.order_by(OutboxMessage.id).limit(constant(limit)))
    return [(row.id, row.kind) for row in rows]

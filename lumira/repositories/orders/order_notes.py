"""Operators' notes on orders."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from lumira.database import db
from lumira.models import Order, OrderNote

#: Characters.
MAX_LENGTH = 2_000


def add(order: Order, text: str, *, actor: str) -> OrderNote:
    """Add a note to an order."""
    note = OrderNote(tenant_id=order.tenant_id, order_id=order.id, actor=actor, text=text)
    db.session.add(note)
    return note


def list_notes(tenant_id: int, order_id: UUID) -> Sequence[OrderNote]:
    """Return the notes on one order, newest first."""
    query = select(OrderNote).where(OrderNote.tenant_id == tenant_id, OrderNote.order_id == order_id)
    return db.session.execute(query.order_by(OrderNote.id.desc())).scalars().all()


def remove_of_orders(tenant_id: int, order_ids: Sequence[UUID]) -> None:
    """Remove the notes on these orders: they may contain personal data."""
    db.session.execute(
        delete(OrderNote)
        .where(OrderNote.tenant_id == tenant_id, OrderNote.order_id == func.any(list(order_ids)))
        .execution_options(synchronize_session=False)
    )

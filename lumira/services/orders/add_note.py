"""An operator writes a note on an order, for other operators."""

from uuid import UUID

from lumira.database import atomic
from lumira.errors.orders import BuyerErased, InvalidNote
from lumira.models import OrderNote
from lumira.repositories.audit import audit
from lumira.repositories.orders import order_notes, orders


def add_note(tenant_id: int, order_id: UUID, text: str, *, actor: str) -> OrderNote:
    """Add a note of 1 to 2,000 characters to an order; returns it. Raises `OrderNotFound`,
    `InvalidNote` and `BuyerErased`."""
    # PostgreSQL's text cannot contain NUL.
    text = text.replace("\x00", "").replace("\r\n", "\n").strip()
    if not 1 <= len(text) <= order_notes.MAX_LENGTH:
        raise InvalidNote(f"A note has 1 to {order_notes.MAX_LENGTH:,} characters.")
    with atomic(tenant_id):
        # The lock waits for an erasure in progress.
        order = orders.lock_order(tenant_id, order_id)
        if order.erased_at is not None:
            raise BuyerErased(f"The personal data of the order {order.order_number} was erased.")
        audit.record(tenant_id, actor=actor, action="order_noted", subject=f"order:{order.id}")
        return order_notes.add(order, text, actor=actor)

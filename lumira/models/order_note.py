"""Notes of operators on an order."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import FreeText, Identified


class OrderNote(Identified, Base):
    """One note, for other operators; the buyer never sees it, except in the export of their personal data."""

    __tablename__ = "order_notes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], ondelete="CASCADE"
        ),
        CheckConstraint("length(text) BETWEEN 1 AND 2000", name="text_has_a_length"),
        Index("ix_order_notes_by_order", "tenant_id", "order_id", "id"),
    )

    order_id: Mapped[UUID]
    #: Who wrote it, as in the audit log.
    actor: Mapped[str]
    text: Mapped[FreeText]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

"""Deliverables: work that is made for one buyer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class DeliverableState(StrEnum):
    TO_DO = "to_do"
    IN_PROGRESS = "in_progress"
    DELIVERED = "delivered"


class Deliverable(Identified, Timestamped, Base):
    """The expert's work on one deliverable that an order promises.

    The promise is frozen on the order's line; the row is created when the line is fulfilled. Its id is computed from
    the line and the key, so that it is known before.
    """

    __tablename__ = "deliverables"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "order_line_id"], ["order_lines.tenant_id", "order_lines.id"]),
        UniqueConstraint("tenant_id", "order_line_id", "key"),
        CheckConstraint(one_of("state", DeliverableState), name="state_is_known"),
        CheckConstraint("(state = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_has_its_time"),
        Index("ix_deliverables_by_order", "tenant_id", "order_id"),
        CheckConstraint("(claimed_at IS NULL) = (claimed_by IS NULL)", name="claimed_by_an_operator"),
        # What an operator looks for among many that are delivered: the longest waiting first.
        Index(
            "ix_deliverables_queue", "tenant_id", "created_at", "id", postgresql_where="state <> 'delivered'"
        ),
        Index(
            "ix_deliverables_delivered",
            "tenant_id",
            "delivered_at",
            "id",
            postgresql_where="state = 'delivered'",
        ),
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    key: Mapped[str]
    state: Mapped[DeliverableState] = mapped_column(choice(DeliverableState))
    delivered_at: Mapped[datetime | None]
    #: The operator who works on it, as in the audit log.
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]

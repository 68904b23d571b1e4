"""What has to leave the house, written with the change that owes it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class MessageKind(StrEnum):
    ORDER_CONFIRMATION = "order_confirmation"
    PAYMENT_FAILED = "payment_failed"
    ORDER_REFUNDED = "order_refunded"
    ACCESS_READY = "access_ready"
    DELIVERABLE_READY = "deliverable_ready"
    DISPUTE_ALERT = "dispute_alert"
    #: A new link to the buyer's page, asked for there.
    ACCESS_LINK = "access_link"


class MessageStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    #: What it would have said was no longer true when its turn came.
    SUPERSEDED = "superseded"
    DEAD = "dead"


class OutboxMessage(Identified, Timestamped, Base):
    """One message owed, once for each order, kind and subject (the try, refund or dispute it is about)."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "order_id", "kind", "subject"),
        CheckConstraint(one_of("kind", MessageKind), name="kind_is_known"),
        CheckConstraint(one_of("status", MessageStatus), name="status_is_known"),
        Index(
            "ix_outbox_messages_due", "tenant_id", "next_attempt_at", postgresql_where="status = 'pending'"
        ),
    )

    order_id: Mapped[UUID]
    kind: Mapped[MessageKind] = mapped_column(choice(MessageKind))
    subject: Mapped[str]
    status: Mapped[MessageStatus] = mapped_column(choice(MessageStatus), default=MessageStatus.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]

"""The outbox: messages to send, written in the transaction of their cause."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import OfOrder, Timestamped, choice, one_of


class MessageKind(StrEnum):
    ORDER_CONFIRMATION = "order_confirmation"
    PAYMENT_FAILED = "payment_failed"
    #: The bank transfer did not arrive in time, and the order was cancelled.
    TRANSFER_NOT_RECEIVED = "transfer_not_received"
    ORDER_REFUNDED = "order_refunded"
    #: Corrects an earlier message: a refund that had succeeded failed.
    REFUND_FAILED = "refund_failed"
    ACCESS_READY = "access_ready"
    DELIVERABLE_READY = "deliverable_ready"
    DISPUTE_ALERT = "dispute_alert"
    #: A new portal link, requested on the portal.
    ACCESS_LINK = "access_link"
    #: A link to the second step of a withdrawal, requested on the public page.
    WITHDRAWAL_LINK = "withdrawal_link"
    WITHDRAWAL_ACKNOWLEDGED = "withdrawal_acknowledged"
    WITHDRAWAL_REFUSED = "withdrawal_refused"
    #: A parcel was sent.
    ORDER_SHIPPED = "order_shipped"


class MessageStatus(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    #: Its content was no longer true when it was to be sent.
    SUPERSEDED = "superseded"
    DEAD = "dead"


class OutboxMessage(OfOrder, Timestamped, Base):
    """One message, unique for each order, kind and subject (the declined attempt, refund or dispute it is about)."""

    __tablename__ = "outbox_messages"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "order_id", "kind", "subject"),
        CheckConstraint(one_of("kind", MessageKind), name="kind_is_known"),
        CheckConstraint(one_of("status", MessageStatus), name="status_is_known"),
        Index(
            "ix_outbox_messages_due", "tenant_id", "next_attempt_at", postgresql_where="status = 'pending'"
        ),
        # What an operator looks for among millions that were sent.
        Index(
            "ix_outbox_messages_not_sent",
            "tenant_id",
            "id",
            postgresql_where="status IN ('dead', 'superseded')",
        ),
        # Counted for the metrics.
        Index("ix_outbox_messages_dead", "tenant_id", postgresql_where="status = 'dead'"),
        Index(
            "ix_outbox_messages_payment_failed",
            "tenant_id",
            "created_at",
            postgresql_where="kind IN ('payment_failed', 'transfer_not_received')",
        ),
        # Of each kind but the one that most messages are.
        Index(
            "ix_outbox_messages_by_kind",
            "tenant_id",
            "kind",
            "id",
            postgresql_where="kind <> 'order_confirmation'",
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
    #: How often an operator sent it again after it was sent: part of its `Message-ID`.
    resends: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    @property
    def identity(self) -> str:
        """What its `Message-ID` begins with: the same after a crash, another one if an operator sends it again."""
        return f"{self.id}.{self.resends}" if self.resends else str(self.id)

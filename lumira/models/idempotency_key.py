"""Idempotency keys: a call of a caller, and the stored reply to it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped


class IdempotencyKey(Identified, Timestamped, Base):
    """One key of one tenant.

    One process at a time holds it, until `leased_until`. `fence` increases with every takeover, so that a process whose
    lease has ended cannot overwrite the reply of the process that took over.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(
            ["tenant_id", "refund_request_id"], ["refund_requests.tenant_id", "refund_requests.id"]
        ),
        UniqueConstraint("tenant_id", "slot"),
        CheckConstraint("fence > 0", name="fence_is_positive"),
        CheckConstraint("(reply_status IS NULL) = (reply_sealed IS NULL)", name="reply_is_whole"),
        Index("ix_idempotency_keys_expiry", "tenant_id", "expires_at"),
    )

    #: SHA-256 of the name space, the kind of key and the key; for a request id also of the fingerprint.
    slot: Mapped[str]
    #: SHA-256 of method, path and canonical body.
    fingerprint: Mapped[str]
    fence: Mapped[int] = mapped_column(default=1)
    leased_until: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    order_id: Mapped[UUID | None]
    #: The refund request that the call created.
    refund_request_id: Mapped[UUID | None]
    reply_status: Mapped[int | None]
    reply_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

"""What a caller asked for under a key of its own, and what it was answered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped


class IdempotencyKey(Identified, Timestamped, Base):
    """One key of one tenant.

    Held by one process at a time, until `leased_until`; `fence` goes up with every taking over, so that a
    process which was thought dead cannot finish what another one has taken on.
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

    #: SHA-256 of the name space, the kind of key and the key itself.
    slot: Mapped[str]
    #: SHA-256 of method, path and canonical body.
    fingerprint: Mapped[str]
    fence: Mapped[int] = mapped_column(default=1)
    leased_until: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    order_id: Mapped[UUID | None]
    #: The refund that the call decided.
    refund_request_id: Mapped[UUID | None]
    reply_status: Mapped[int | None]
    reply_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

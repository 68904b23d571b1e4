"""What a buyer may open."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class GrantReason(StrEnum):
    """Why a grant is as it is."""

    PAID = "paid"
    FREE = "free"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"


class AccessGrant(Identified, Timestamped, Base):
    """Access to one digital line of one order; `active` is derived whenever the order is settled."""

    __tablename__ = "access_grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "order_line_id"], ["order_lines.tenant_id", "order_lines.id"]),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        # Whatever is delivered twice, one line gives access once.
        UniqueConstraint("tenant_id", "order_line_id"),
        CheckConstraint(one_of("reason", GrantReason), name="reason_is_known"),
        CheckConstraint("active = (revoked_at IS NULL)", name="revoked_has_its_time"),
        Index("ix_access_grants_by_customer", "tenant_id", "customer_id"),
        Index("ix_access_grants_by_order", "tenant_id", "order_id"),
    )

    order_id: Mapped[UUID]
    order_line_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    product_id: Mapped[str]
    level_number: Mapped[int | None]
    active: Mapped[bool]
    reason: Mapped[GrantReason] = mapped_column(choice(GrantReason))
    granted_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

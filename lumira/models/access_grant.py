"""What a buyer may open because of an order."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of

#: Shown of a grant whose time is over. It is never stored: nothing has to run for it to take effect.
EXPIRED = "expired"


class GrantReason(StrEnum):
    """Why a grant is as it is."""

    PAID = "paid"
    FREE = "free"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"
    #: Given or taken away by a person's decision.
    OPERATOR = "operator"


class AccessGrant(Identified, Timestamped, Base):
    """Access to one digital line of one order; `active` is derived whenever the order is settled.

    Whether it gives anything at this moment is `is_live`: time alone may have ended it.
    """

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
        CheckConstraint("NOT includes_lower_levels OR level_number IS NOT NULL", name="only_levels_include"),
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
    #: A person's decision, and thereby a fact: closed, whatever the money says, until a person restores it.
    operator_revoked_at: Mapped[datetime | None]
    #: When its time is over; `None` for access without an end.
    expires_at: Mapped[datetime | None]
    #: Whether it opens the levels below its own too.
    includes_lower_levels: Mapped[bool] = mapped_column(default=False)

    @property
    def is_expired(self) -> bool:
        """Whether time alone has ended it; what was revoked before is not expired but revoked."""
        return self.active and self.expires_at is not None and self.expires_at <= utc_now()

    @property
    def is_live(self) -> bool:
        """Whether it gives access at this moment."""
        return self.active and not self.is_expired

    @property
    def shown_reason(self) -> str:
        """Why it is as it is now."""
        return EXPIRED if self.is_expired else str(self.reason)

"""Access that an order grants its buyer."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import OfOrder, Timestamped, choice, one_of

#: The shown reason of a grant that has ended by its expiry. It is never stored: the expiry takes effect by itself.
EXPIRED = "expired"


class GrantReason(StrEnum):
    """Why a grant is active or revoked."""

    PAID = "paid"
    FREE = "free"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    DISPUTE_LOST = "dispute_lost"
    #: The buyer withdrew from the contract, or an operator has yet to decide about it.
    WITHDRAWN = "withdrawn"
    #: The issuer of the buyer's card warned of fraud, and the tenant's policy suspends access.
    FRAUD_WARNING = "fraud_warning"
    #: An operator granted or revoked it.
    OPERATOR = "operator"


class AccessGrant(OfOrder, Timestamped, Base):
    """Access to the product of one digital order line; `active` is derived whenever the order is settled.

    `is_live` is whether it gives access now: an active grant may have expired.
    """

    __tablename__ = "access_grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "order_line_id"], ["order_lines.tenant_id", "order_lines.id"]),
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        # One line grants access once, however often it is settled.
        UniqueConstraint("tenant_id", "order_line_id"),
        CheckConstraint(one_of("reason", GrantReason), name="reason_is_known"),
        CheckConstraint("active = (revoked_at IS NULL)", name="revoked_has_its_time"),
        CheckConstraint("included_products = '{}' OR level_number IS NOT NULL", name="only_levels_include"),
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
    #: When an operator revoked it: a fact, which settling respects until an operator restores the access.
    operator_revoked_at: Mapped[datetime | None]
    #: When the access ends; `None` for access without an end.
    expires_at: Mapped[datetime | None]
    #: The products that it gives access to as well: the lower levels of the day of purchase, the highest first.
    included_products: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)

    @property
    def is_expired(self) -> bool:
        """Whether it has ended by its expiry; a grant that was revoked before is not expired."""
        return self.active and self.expires_at is not None and self.expires_at <= utc_now()

    @property
    def is_live(self) -> bool:
        """Whether it gives access now."""
        return self.active and not self.is_expired

    @property
    def shown_reason(self) -> str:
        """The reason for its state, as shown."""
        return EXPIRED if self.is_expired else str(self.reason)

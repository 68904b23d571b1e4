"""Access that an operator granted."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.access_grant import EXPIRED, GrantReason
from lumira.models.columns import FreeText, Identified, Timestamped


class ManualGrant(Identified, Timestamped, Base):
    """Access to one product that an operator granted to one customer; it belongs to no order.

    A table of its own, so that every `AccessGrant` belongs to an order line.
    """

    __tablename__ = "manual_grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        # A repeated grant moves the expiry: a second row would stay live when the first is revoked.
        Index(
            "uq_manual_grants_not_revoked",
            "tenant_id",
            "customer_id",
            "product_id",
            unique=True,
            postgresql_where="revoked_at IS NULL",
        ),
        CheckConstraint("included_products = '{}' OR level_number IS NOT NULL", name="only_levels_include"),
        Index("ix_manual_grants_by_customer", "tenant_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    product_id: Mapped[str]
    level_number: Mapped[int | None]
    #: The products that it gives access to as well: the lower levels of the day it was granted, the highest first.
    included_products: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    granted_at: Mapped[datetime]
    #: When the access ends; `None` for access without an end.
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: Who granted it, such as `operator`.
    actor: Mapped[str]
    #: The operator's reason. It may hold personal data, so it is never in the audit log.
    note: Mapped[FreeText | None]

    def extend_by(self, other: "ManualGrant") -> None:
        """Extend this grant to the later expiry and the wider access of the two."""
        ends = [grant.expires_at for grant in (self, other) if grant.expires_at is not None]
        self.expires_at = max(ends) if len(ends) == 2 else None  # noqa: PLR2004 - both grants end
        self.include(other.included_products)

    def include(self, products: Iterable[str]) -> None:
        """Give access to these products as well."""
        self.included_products = list(dict.fromkeys([*self.included_products, *products]))

    @property
    def is_expired(self) -> bool:
        """Whether the access has ended by its expiry."""
        return self.revoked_at is None and self.expires_at is not None and self.expires_at <= utc_now()

    @property
    def is_live(self) -> bool:
        """Whether it gives access now."""
        return self.revoked_at is None and not self.is_expired

    @property
    def shown_reason(self) -> str:
        """The reason for its state, as shown: `expired` or `operator`."""
        return EXPIRED if self.is_expired else str(GrantReason.OPERATOR)

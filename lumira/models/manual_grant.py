"""What somebody may open because a person said so."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.access_grant import EXPIRED, GrantReason
from lumira.models.columns import Identified, Timestamped


class ManualGrant(Identified, Timestamped, Base):
    """Access to one product that an operator gave to one customer; it belongs to no order.

    A table of its own, so that every other grant goes on being tied to the line that was paid.
    """

    __tablename__ = "manual_grants"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        # Giving it again moves its end; a second one would live on when the first is taken away.
        Index(
            "uq_manual_grants_not_revoked",
            "tenant_id",
            "customer_id",
            "product_id",
            unique=True,
            postgresql_where="revoked_at IS NULL",
        ),
        CheckConstraint("NOT includes_lower_levels OR level_number IS NOT NULL", name="only_levels_include"),
        Index("ix_manual_grants_by_customer", "tenant_id", "customer_id"),
    )

    customer_id: Mapped[UUID]
    product_id: Mapped[str]
    level_number: Mapped[int | None]
    includes_lower_levels: Mapped[bool]
    granted_at: Mapped[datetime]
    #: When its time is over; `None` for access without an end.
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    #: Who gave it, such as `operator`.
    actor: Mapped[str]
    #: Why, in the operator's words: personal, so it stands here and never in the audit log.
    note: Mapped[str | None]

    def outlast(self, other: "ManualGrant") -> None:
        """Last and open as much as either of the two."""
        ends = [each.expires_at for each in (self, other) if each.expires_at is not None]
        self.expires_at = max(ends) if len(ends) == 2 else None  # noqa: PLR2004 - both of the two have an end
        self.includes_lower_levels = self.includes_lower_levels or other.includes_lower_levels

    @property
    def is_expired(self) -> bool:
        """Whether time alone has ended it."""
        return self.revoked_at is None and self.expires_at is not None and self.expires_at <= utc_now()

    @property
    def is_live(self) -> bool:
        """Whether it gives access at this moment."""
        return self.revoked_at is None and not self.is_expired

    @property
    def shown_reason(self) -> str:
        """Why it is as it is now."""
        return EXPIRED if self.is_expired else str(GrantReason.OPERATOR)

"""Links to the buyer's portal."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class AccessLink(Identified, Base):
    """One portal link of one customer. The token in its URL is computed from the id and not stored."""

    __tablename__ = "access_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        # Two e-mails that are composed at the same time contain the same link.
        UniqueConstraint("tenant_id", "customer_id", "number"),
        CheckConstraint("number > 0", name="number_is_positive"),
        CheckConstraint("expires_at > created_at", name="ends_after_it_begins"),
    )

    customer_id: Mapped[UUID]
    #: The customer's first, second, and so on.
    number: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    def is_live(self, now: datetime) -> bool:
        """Whether the link opens the portal."""
        return self.revoked_at is None and now < self.expires_at

    def is_aging(self, now: datetime) -> bool:
        """Whether more than half of its lifetime is over: the next e-mail then contains a new link."""
        return now - self.created_at > self.expires_at - now

"""What a person has to look at."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class Alert(Identified, Base):
    """One thing that is wrong, raised once however often it is seen."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "subject"),
        Index(
            "ix_alerts_to_send",
            "tenant_id",
            "next_notification_at",
            postgresql_where="next_notification_at IS NOT NULL",
        ),
    )

    #: `payment_mismatch`, `other_mode`, `api_version`, …
    kind: Mapped[str]
    #: What it is about: an order number, an event id.
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    raised_at: Mapped[datetime] = mapped_column(default=utc_now)
    resolved_at: Mapped[datetime | None]
    #: When the team was sent it by mail, and when that is tried next; `None` once nothing is left to tell.
    notified_at: Mapped[datetime | None]
    next_notification_at: Mapped[datetime | None]
    notification_attempts: Mapped[int] = mapped_column(default=0)

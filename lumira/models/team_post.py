"""What is still to be posted to the webhook of a tenant's team."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class TeamPost(Identified, Base):
    """One alert, or its end, to be posted: removed once it was accepted or given up."""

    __tablename__ = "team_posts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "alert_id"], ["alerts.tenant_id", "alerts.id"], ondelete="CASCADE"
        ),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        Index("ix_team_posts_due", "tenant_id", "next_attempt_at"),
        Index("ix_team_posts_by_alert", "tenant_id", "alert_id"),
    )

    alert_id: Mapped[UUID]
    #: Whether the team is notified that the alert has resolved itself.
    is_recovery: Mapped[bool]
    enqueued_at: Mapped[datetime] = mapped_column(default=utc_now)
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)

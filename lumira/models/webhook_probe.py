"""Deliveries that the installation sends to its own public address."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class WebhookProbe(Identified, Base):
    """A signed delivery that `flask doctor` sends, and that is no event: it proves that deliveries arrive here."""

    __tablename__ = "webhook_probes"

    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    received_at: Mapped[datetime | None]

"""The audit log: who did what. Entries are never updated or deleted."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class AuditEntry(Identified, Base):
    """One sensitive action. It holds no personal data, so that an erasure does not change it."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_by_subject", "tenant_id", "subject", "id"),
        # A rare action or actor is found without reading the whole log.
        Index("ix_audit_entries_by_action", "tenant_id", "action", "id"),
        Index("ix_audit_entries_by_actor", "tenant_id", "actor", "id"),
    )

    at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Who acted: `stripe`, `buyer`, `operator`, `key:<id>`.
    actor: Mapped[str]
    #: The action in the past tense: `order_completed`.
    action: Mapped[str]
    #: The object of the action: `order:<id>`, `product:<id>`, `tenant`.
    subject: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)

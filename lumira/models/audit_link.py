"""The hash chain over the audit log: one link for each entry. Links are never updated or deleted."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import TenantOwned


class AuditLink(TenantOwned, Base):
    """The digest of an entry and of the link before it, so that no earlier entry can change unnoticed."""

    __tablename__ = "audit_links"
    __table_args__ = (
        UniqueConstraint("tenant_id", "entry_id"),
        ForeignKeyConstraint(["tenant_id", "entry_id"], ["audit_entries.tenant_id", "audit_entries.id"]),
        CheckConstraint("sequence > 0", name="sequence_is_positive"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_sha256"),
    )

    #: From 1, without gaps. As part of the primary key it prevents two chains.
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=utc_now)

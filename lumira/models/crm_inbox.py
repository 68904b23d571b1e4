"""How far a tenant's Dolibarr has been read, and the secret of its notifications."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base


class CrmInbox(Base):
    """What is read from one tenant's Dolibarr, and when next."""

    __tablename__ = "crm_inboxes"
    __table_args__ = (
        CheckConstraint("poll_after_id >= 0 AND sweep_after_id >= 0", name="positions_are_ids"),
        CheckConstraint("secret_digest ~ '^[0-9a-f]{64}$'", name="secret_digest_is_sha256"),
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    #: The last part of the path that Dolibarr posts to: encrypted to be shown again, and its SHA-256 to be compared.
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    secret_digest: Mapped[str]
    secret_created_at: Mapped[datetime]
    #: When a notification last arrived, to the minute.
    notified_at: Mapped[datetime | None]
    #: When the next page of changes is read; a run that reads one postpones it, as its lease.
    next_poll_at: Mapped[datetime]
    #: Where the running pass over the changed third parties is: what changed since `poll_since`, after this id.
    poll_since: Mapped[datetime]
    poll_began_at: Mapped[datetime]
    poll_after_id: Mapped[int] = mapped_column(BigInteger, default=0)
    #: The same for the nightly pass over all third parties, which finds what was deleted.
    next_sweep_at: Mapped[datetime]
    sweep_after_id: Mapped[int] = mapped_column(BigInteger, default=0)

"""Files for the accountant that a worker prepares, because that may take minutes."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, choice, one_of


class AccountingFileKind(StrEnum):
    """What is prepared."""

    FEC = "fec"
    #: All receipts and credit notes as PDF, in a ZIP file.
    DOCUMENTS = "documents"


class AccountingFileState(StrEnum):
    """How far a file is."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


_IS_PENDING = "state = 'pending'"


class AccountingFile(Identified, Base):
    """One file: the row is created before its object, and deleted after it.

    It holds no personal data; the object of documents does, and is removed with the row after some days.
    """

    __tablename__ = "accounting_files"
    __table_args__ = (
        UniqueConstraint("tenant_id", "object_name"),
        CheckConstraint(one_of("kind", AccountingFileKind), name="kind_is_known"),
        CheckConstraint(one_of("state", AccountingFileState), name="state_is_known"),
        CheckConstraint("first_day <= last_day", name="days_are_ordered"),
        CheckConstraint(
            "(state = 'ready') = (size IS NOT NULL AND sha256 IS NOT NULL AND file_name IS NOT NULL)",
            name="ready_is_stored",
        ),
        Index("ix_accounting_files_due", "tenant_id", "next_attempt_at", postgresql_where=_IS_PENDING),
        # A file that is requested twice is prepared once.
        Index(
            "uq_accounting_files_pending",
            *("tenant_id", "kind", "first_day", "last_day", "language"),
            unique=True,
            postgresql_where=_IS_PENDING,
        ),
    )

    kind: Mapped[AccountingFileKind] = mapped_column(choice(AccountingFileKind))
    first_day: Mapped[date]
    last_day: Mapped[date]
    language: Mapped[str]
    requested_by: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[AccountingFileState] = mapped_column(
        choice(AccountingFileState), default=AccountingFileState.PENDING
    )
    #: How many leases have begun; the process that holds the current one knows by it that no other does.
    attempts: Mapped[int] = mapped_column(default=0)
    #: Also when the lease of the process that prepares it ends.
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    object_name: Mapped[str]
    file_name: Mapped[str | None]
    #: Bytes.
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    #: The numbers of documents whose PDF could not be rendered.
    missing: Mapped[int] = mapped_column(default=0)

"""Files: the metadata of objects in storage."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified


class File(Identified, Base):
    """One object, of a content or of a deliverable.

    The row is created before its object and deleted after it, so that no object is ever left without a row. The
    file exists for the application from `stored_at` until `deleted_at`.
    """

    __tablename__ = "files"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "content_id"], ["contents.tenant_id", "contents.id"]),
        ForeignKeyConstraint(["tenant_id", "deliverable_id"], ["deliverables.tenant_id", "deliverables.id"]),
        UniqueConstraint("tenant_id", "object_name"),
        CheckConstraint("size > 0", name="size_is_positive"),
        CheckConstraint("(stored_at IS NULL) = (size IS NULL OR sha256 IS NULL)", name="stored_is_known"),
        CheckConstraint(
            "num_nonnulls(content_id, deliverable_id) = CASE WHEN stored_at IS NULL THEN 0 ELSE 1 END",
            name="stored_has_one_place",
        ),
        # A content has one file at a time, and a deliverable one of each name.
        Index(
            "uq_files_of_content",
            "tenant_id",
            "content_id",
            unique=True,
            postgresql_where="content_id IS NOT NULL AND deleted_at IS NULL",
        ),
        Index(
            "uq_files_of_deliverable",
            "tenant_id",
            "deliverable_id",
            "file_name",
            unique=True,
            postgresql_where="deliverable_id IS NOT NULL AND deleted_at IS NULL",
        ),
        Index(
            "ix_files_to_remove",
            "tenant_id",
            "created_at",
            postgresql_where="stored_at IS NULL OR deleted_at IS NOT NULL",
        ),
    )

    #: The tenant's id and random bits: it contains no personal data.
    object_name: Mapped[str]
    #: The display name, once the file is stored; never part of a path.
    file_name: Mapped[str]
    content_type: Mapped[str]
    #: Bytes.
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    content_id: Mapped[UUID | None]
    deliverable_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    stored_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

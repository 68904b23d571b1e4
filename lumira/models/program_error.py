"""Unexpected errors of the program, by kind: how often, when, and the traceback of the last one."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base

#: The id in place of a tenant's for what belongs to the installation. No tenant has it.
INSTALLATION = 0


class ProgramError(Base):
    """One kind of error at one tenant; the row of the installation counts those of all tenants and of none."""

    __tablename__ = "program_errors"
    __table_args__ = (
        CheckConstraint("occurrences > 0", name="occurred"),
        CheckConstraint("first_at <= last_at", name="first_before_last"),
        # The lists, newest first.
        Index("ix_program_errors_newest", "tenant_id", "last_at", "id"),
    )

    # Without a foreign key, because `INSTALLATION` is no tenant.
    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-3)
    #: The same for all errors of the kind (`error_reports.id_of`).
    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    error_type: Mapped[str]
    #: The route, job or command of the last one.
    place: Mapped[str]
    message: Mapped[str]
    traceback: Mapped[str]
    #: The version of Lumira.
    release: Mapped[str]
    occurrences: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    last_request_id: Mapped[str | None]
    #: When it was resolved, by an operator or because it did not occur again. It opens again if it does.
    resolved_at: Mapped[datetime | None]

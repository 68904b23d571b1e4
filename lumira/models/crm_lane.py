"""Whose turn it is to write to a tenant's CRM, and when."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import FreeText


class CrmLane(Base):
    """The lease of a tenant's CRM: one process at a time writes to it, and none while it fails.

    `token` increases with each lease, so that a process whose lease has ended writes nothing more.
    """

    __tablename__ = "crm_lanes"
    __table_args__ = (
        CheckConstraint("token > 0 AND failures >= 0", name="counts_are_counted"),
        CheckConstraint("(failing_since IS NULL) = (problem IS NULL)", name="problem_has_its_time"),
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger)
    leased_until: Mapped[datetime]
    #: The pace, and the pause after a failure: no turn begins before.
    next_turn_at: Mapped[datetime]
    #: Turns in a row that the CRM did not accept, since when, and why: a `CrmReason`, and what the CRM said.
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime | None]
    problem: Mapped[str | None]
    problem_text: Mapped[FreeText | None]

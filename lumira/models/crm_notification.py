"""Records of Dolibarr that are to be read again, because they may have changed there."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import choice, one_of
from lumira.models.crm_link import CrmElement


class CrmNotification(Base):
    """One record that is to be read again: one row, however often it changes before it is read."""

    __tablename__ = "crm_notifications"
    __table_args__ = (
        CheckConstraint(one_of("element", CrmElement), name="element_is_known"),
        CheckConstraint("dolibarr_id > 0", name="dolibarr_id_is_an_id"),
        CheckConstraint("number > 0 AND attempts >= 0", name="notifications_counted"),
        Index("ix_crm_notifications_due", "tenant_id", "next_attempt_at"),
    )

    tenant_id: Mapped[int] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    element: Mapped[CrmElement] = mapped_column(choice(CrmElement), primary_key=True)
    dolibarr_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    #: How many notifications arrived since the row exists: one that arrives while the record is read is not lost.
    number: Mapped[int] = mapped_column(default=1)
    enqueued_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When the record is read; a worker that reads it postpones this, as its lease.
    next_attempt_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)

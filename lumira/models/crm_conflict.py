"""Values of a customer on which Lumira and Dolibarr differ, and an operator decides."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import FreeText, TenantOwned, choice, one_of


class ContactField(StrEnum):
    """The data of a customer that both sides have, by its column in `customers`."""

    NAME = "name"
    EMAIL = "email"
    PHONE = "phone"
    ADDRESS = "address"
    POSTAL_CODE = "postal_code"
    CITY = "city"
    COUNTRY = "country"


class ConflictReason(StrEnum):
    """Why an operator has to decide."""

    #: Both sides changed since they last agreed, or never agreed.
    BOTH_CHANGED = "both_changed"
    #: Dolibarr has another e-mail address: it opens the buyer's purchases, so it is not applied by itself.
    EMAIL_CHANGED = "email_changed"
    #: Dolibarr's value cannot be a customer's: no valid address, no name, too long.
    INVALID = "invalid"


class CrmConflict(TenantOwned, Base):
    """One value of a customer that waits for an operator; removed once it is decided, or both sides agree."""

    __tablename__ = "crm_conflicts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint(one_of("field", ContactField), name="field_is_known"),
        CheckConstraint(one_of("reason", ConflictReason), name="reason_is_known"),
        Index("ix_crm_conflicts_by_age", "tenant_id", "opened_at", "customer_id"),
    )

    customer_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    field: Mapped[ContactField] = mapped_column(choice(ContactField), primary_key=True, sort_order=-1)
    reason: Mapped[ConflictReason] = mapped_column(choice(ConflictReason))
    #: Lumira's value and Dolibarr's, as they were when the record was last read.
    ours: Mapped[FreeText | None]
    theirs: Mapped[FreeText | None]
    opened_at: Mapped[datetime] = mapped_column(default=utc_now)

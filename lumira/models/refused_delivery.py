"""Deliveries to a tenant's webhook endpoint that were refused, counted by the hour."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import TenantOwned, choice, one_of


class RefusalReason(StrEnum):
    #: No signing secret of the tenant fits the signature, or there is no signature.
    SIGNATURE = "signature"
    #: The tenant has no signing secret.
    NO_SECRET = "no_secret"  # noqa: S105 - the name of a reason
    #: It is signed, and no event of Stripe.
    NO_EVENT = "no_event"


class RefusedDelivery(TenantOwned, Base):
    """How many deliveries were refused within an hour, for one reason.

    A number, not a row for each: anyone can send requests that are refused.
    """

    __tablename__ = "refused_deliveries"
    __table_args__ = (
        CheckConstraint(one_of("reason", RefusalReason), name="reason_is_known"),
        CheckConstraint("number > 0", name="number_positive"),
    )

    #: When the hour begins, in UTC.
    hour: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-2)
    reason: Mapped[RefusalReason] = mapped_column(choice(RefusalReason), primary_key=True, sort_order=-1)
    number: Mapped[int]
    last_at: Mapped[datetime]

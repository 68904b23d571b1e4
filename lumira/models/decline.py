"""A buyer's try that failed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified
from lumira.models.payment import Payment


class Decline(Identified, Base):
    """One failed try on one payment; later ones do not replace it, and a success may still follow."""

    __tablename__ = "declines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payments.tenant_id", "payments.id"]),
        UniqueConstraint("tenant_id", "order_id", "subject"),
    )

    order_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    #: What Stripe calls the try: the charge that failed, or the event where there was no charge.
    subject: Mapped[str]
    stripe_charge_id: Mapped[str | None]
    stripe_payment_method_id: Mapped[str | None]
    code: Mapped[str | None]
    decline_code: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)

    #: Only so that a payment met for the first time is inserted before its decline.
    payment: Mapped[Payment] = relationship(lazy="raise", overlaps="declines")

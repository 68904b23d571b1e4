"""Declined payment attempts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified
from lumira.models.payment import Payment


class Decline(Identified, Base):
    """One failed attempt on one payment; later ones do not replace it, and a success may follow."""

    __tablename__ = "declines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payments.tenant_id", "payments.id"]),
        UniqueConstraint("tenant_id", "order_id", "subject"),
    )

    order_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    #: Stripe's id of the attempt: of the charge that failed, else of the payment method, else of the PaymentIntent.
    subject: Mapped[str]
    stripe_charge_id: Mapped[str | None]
    stripe_payment_method_id: Mapped[str | None]
    code: Mapped[str | None]
    decline_code: Mapped[str | None]
    recorded_at: Mapped[datetime] = mapped_column(default=utc_now)

    #: So that a new payment is inserted before its decline.
    payment: Mapped[Payment] = relationship(lazy="raise", overlaps="declines")

"""Who buys."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped


def email_key(email: str) -> str:
    """An address as addresses are compared: trimmed, lower case."""
    return email.strip().lower()


class Customer(Identified, Timestamped, Base):
    """One buyer of one tenant, known by an e-mail address."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email_key"),
        UniqueConstraint("tenant_id", "stripe_customer_id"),
        CheckConstraint("email_key = lower(btrim(email_key))", name="email_key_is_normalised"),
    )

    #: As the buyer typed it.
    email: Mapped[str]
    #: As it is compared: trimmed, lower case.
    email_key: Mapped[str]
    name: Mapped[str | None]
    locale: Mapped[str | None]
    stripe_customer_id: Mapped[str | None]
    #: What Stripe is asked to create, frozen before it is sent: two racing requests send the same.
    stripe_parameters: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_frozen_at: Mapped[datetime | None]
    stripe_attempt: Mapped[int] = mapped_column(default=0)

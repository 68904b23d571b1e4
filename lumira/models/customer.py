"""Who buys."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, one_of
from lumira.models.language import Language


def email_key(email: str) -> str:
    """An address as addresses are compared: trimmed, lower case."""
    return email.strip().lower()


class SubscriptionStatus(StrEnum):
    """What a customer has now: something paid for or given by hand, only the free level, or nothing."""

    ACTIVE = "active"
    TRIAL = "trial"
    INACTIVE = "inactive"


class Customer(Identified, Timestamped, Base):
    """One buyer of one tenant, known by an e-mail address.

    A row that was merged into another stays, so that its address leads there and its Stripe customer is known.
    """

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("tenant_id", "email_key"),
        UniqueConstraint("tenant_id", "stripe_customer_id"),
        ForeignKeyConstraint(["tenant_id", "merged_into_id"], ["customers.tenant_id", "customers.id"]),
        CheckConstraint("email_key = lower(btrim(email_key))", name="email_key_is_normalised"),
        CheckConstraint(one_of("locale", Language), name="locale_is_known"),
        CheckConstraint("merged_into_id <> id", name="not_merged_into_itself"),
        CheckConstraint("(merged_into_id IS NULL) = (merged_at IS NULL)", name="merge_has_its_time"),
        CheckConstraint("(erased_at IS NULL) = (erased_digests IS NULL)", name="erased_is_recognised"),
        Index(
            "ix_customers_merged",
            "tenant_id",
            "merged_into_id",
            postgresql_where="merged_into_id IS NOT NULL",
        ),
        Index("ix_customers_erased", "tenant_id", "id", postgresql_where="erased_digests IS NOT NULL"),
    )

    #: As the buyer typed it.
    email: Mapped[str]
    #: As it is compared: trimmed, lower case.
    email_key: Mapped[str]
    name: Mapped[str | None]
    #: A `Language`: that of the first checkout request that named one.
    locale: Mapped[str | None]
    stripe_customer_id: Mapped[str | None]
    #: What Stripe is asked to create, frozen before it is sent: two racing requests send the same.
    stripe_parameters: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_frozen_at: Mapped[datetime | None]
    stripe_attempt: Mapped[int] = mapped_column(default=0)
    #: The customer that this one turned out to be; whoever comes under this address is that one.
    merged_into_id: Mapped[UUID | None]
    merged_at: Mapped[datetime | None]
    #: When their personal data were erased, and by which keyed digests of what was known of them (addresses, their
    #: id at Stripe) later words about them are recognised.
    erased_at: Mapped[datetime | None]
    erased_digests: Mapped[list[str] | None] = mapped_column(ARRAY(Text))

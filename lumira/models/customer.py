"""Customers of a tenant."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import idna
from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKeyConstraint,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import FreeText, Identified, Timestamped, one_of
from lumira.models.language import Language


def email_key(email: str) -> str:
    """Return the form of an address by which customers are compared: one mailbox has one key.

    Trimmed; the local part in lower case; the domain as IDNA's ASCII form (UTS 46), so that `bücher.example` and
    `xn--bcher-kva.example` are one domain. A domain that is not valid is only converted to lower case.
    """
    local, at, domain = email.strip().rpartition("@")
    return f"{local.lower()}{at}{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    lower = domain.lower()
    if lower.isascii() and "xn--" not in lower:
        return lower
    try:
        return idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return lower


def mailbox_key(email: str) -> str:
    """Return the key of an address without the tag after a plus sign: most providers deliver both to one mailbox.

    It limits what strangers cause to be sent; two customers are never joined by it.
    """
    local, at, domain = email_key(email).rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


class SubscriptionStatus(StrEnum):
    """Whether a customer has live paid or manual access, only free access, or none."""

    ACTIVE = "active"
    TRIAL = "trial"
    INACTIVE = "inactive"


class Customer(Identified, Timestamped, Base):
    """One customer of one tenant, identified by e-mail address.

    A merged row remains and points to the other customer: its address and its Stripe customer stay known.
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
        *(
            Index(f"ix_customers_by_{key}", "tenant_id", key, postgresql_where=text(f"{key} IS NOT NULL"))
            for key in ("name_key", "family_key")
        ),
        Index("ix_customers_erased", "tenant_id", "id", postgresql_where="erased_digests IS NOT NULL"),
    )

    #: As the buyer typed it.
    email: Mapped[str]
    #: The form that is compared, from `email_key`.
    email_key: Mapped[str]
    name: Mapped[str | None]
    #: The name and its last word without case and accents, by which operators search.
    name_key: Mapped[str | None] = mapped_column(
        Text(collation="C"), Computed("lumira_name_key(name)", persisted=True), deferred=True
    )
    family_key: Mapped[str | None] = mapped_column(
        Text(collation="C"),
        Computed("regexp_replace(lumira_name_key(name), '^.* ', '')", persisted=True),
        deferred=True,
    )
    #: A `Language`: that of the first checkout request that named one.
    locale: Mapped[str | None]
    #: How to reach the customer, as the CRM has it. The address that an order is shipped to is frozen on the order.
    phone: Mapped[FreeText | None]
    #: The street's lines.
    address: Mapped[FreeText | None]
    postal_code: Mapped[FreeText | None]
    city: Mapped[FreeText | None]
    #: ISO 3166, two capital letters.
    country: Mapped[str | None]
    stripe_customer_id: Mapped[str | None]
    #: The parameters of the request that creates the Stripe customer, frozen before it is sent, so that concurrent
    #: requests are identical.
    stripe_parameters: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_frozen_at: Mapped[datetime | None]
    stripe_attempt: Mapped[int] = mapped_column(default=0)
    #: The customer that this one is merged into, who also gets later orders with this address.
    merged_into_id: Mapped[UUID | None]
    merged_at: Mapped[datetime | None]
    #: When the personal data was erased, and the keyed digests of the identifiers (addresses, Stripe's ids), by which
    #: later events about this customer are recognised.
    erased_at: Mapped[datetime | None]
    erased_digests: Mapped[list[str] | None] = mapped_column(ARRAY(Text))

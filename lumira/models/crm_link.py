"""Which record of the CRM belongs to which of Lumira's."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import MinorUnits, OfOrder, choice, one_of


class CrmElement(StrEnum):
    """The kinds of records that have ids of their own in Dolibarr."""

    THIRD_PARTY = "third_party"
    ORDER = "order"
    #: An invoice or a credit note.
    INVOICE = "invoice"


class CrmLink(OfOrder, Base):
    """One record here and the one in Dolibarr, with what both sides agreed on when it was last written or read.

    `subject` is also the record's `lumira_id` in Dolibarr. A record has one link that is not unlinked, on both sides.
    """

    __tablename__ = "crm_links"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "customer_id"], ["customers.tenant_id", "customers.id"]),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        CheckConstraint(one_of("element", CrmElement), name="element_is_known"),
        CheckConstraint("dolibarr_id > 0", name="dolibarr_id_is_an_id"),
        CheckConstraint("(element = 'third_party') = (order_id IS NULL)", name="documents_have_an_order"),
        CheckConstraint("(unlinked_at IS NULL) = (unlinked_reason IS NULL)", name="unlinked_has_a_reason"),
        Index(
            "uq_crm_links_subject",
            "tenant_id",
            "element",
            "subject",
            unique=True,
            postgresql_where="unlinked_at IS NULL",
        ),
        Index(
            "uq_crm_links_dolibarr_id",
            "tenant_id",
            "element",
            "dolibarr_id",
            unique=True,
            postgresql_where="unlinked_at IS NULL",
        ),
        Index("ix_crm_links_by_customer", "tenant_id", "customer_id"),
        Index("ix_crm_links_by_order", "tenant_id", "order_id"),
    )

    element: Mapped[CrmElement] = mapped_column(choice(CrmElement))
    #: The id of the customer or order, or that of the payment, refund or dispute of an invoice or credit note.
    subject: Mapped[str]
    customer_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    is_credit_note: Mapped[bool] = mapped_column(default=False)
    dolibarr_id: Mapped[int] = mapped_column(BigInteger)
    #: Dolibarr's number, such as `IN2611-0001`; `None` until it has one.
    ref: Mapped[str | None]
    #: Of a document: its total with VAT in minor units, and the part of each VAT rate; positive for a credit note too.
    amount: Mapped[MinorUnits | None]
    amounts_by_rate: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: Of a third party: the values of both sides after the last exchange, by `ContactField`.
    agreed: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    #: The hash of `agreed`.
    agreed_hash: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: When it was last written or compared in whole; of a document, when it was paid and closed.
    synced_at: Mapped[datetime | None]
    #: When the record was found deleted or merged in Dolibarr, or belongs to another customer; it is then written anew
    #: if it is needed.
    unlinked_at: Mapped[datetime | None]
    #: `deleted`, `merged` or `moved`.
    unlinked_reason: Mapped[str | None]
    #: Of a document: what staff did to it, `deleted` or `edited`, and when that was noticed; `None` if nothing.
    noticed: Mapped[str | None]
    noticed_at: Mapped[datetime | None]

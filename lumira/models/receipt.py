"""Receipts, credit notes, and the counters that number them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, OfOrder, TenantOwned, choice, one_of


class ReceiptKind(StrEnum):
    """The kinds of documents; each has its own series of numbers."""

    RECEIPT = "receipt"
    CREDIT_NOTE = "credit_note"


#: The part of a printed number after the tenant's prefix: French for receipt and credit note.
_SERIES = {ReceiptKind.RECEIPT: "R", ReceiptKind.CREDIT_NOTE: "A"}


def receipt_label(prefix: str, kind: ReceiptKind, year: int, number: int, *, livemode: bool) -> str:
    """Return a printed number; the prefix differs between the brands of one seller."""
    return f"{receipt_series(prefix, kind, year, livemode=livemode)}-{number:06d}"


def receipt_series(prefix: str, kind: ReceiptKind, year: int, *, livemode: bool) -> str:
    """Return what the printed numbers of one series and year begin with."""
    return f"{prefix}-{'' if livemode else 'TEST-'}{_SERIES[kind]}-{year}"


class ReceiptCounter(TenantOwned, Base):
    """The last number of one series and year.

    A row and not a sequence: it is rolled back with the receipt that took the number, so there is no gap. Sales in
    Stripe's test mode have series of their own, so that none of them takes a number of the books.
    """

    __tablename__ = "receipt_counters"
    __table_args__ = (
        CheckConstraint(one_of("series", ReceiptKind), name="series_is_known"),
        CheckConstraint("last_number > 0", name="last_number_is_positive"),
    )

    series: Mapped[ReceiptKind] = mapped_column(choice(ReceiptKind), primary_key=True)
    livemode: Mapped[bool] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_number: Mapped[int]
    #: A higher number is never older, also if the clocks of two processes differ.
    last_issued_at: Mapped[datetime]


class Receipt(OfOrder, Base):
    """One receipt or credit note, frozen when it is issued: it follows neither the tenant nor the order.

    `buyer` alone holds personal data. It may be emptied, and nothing else of the row is ever changed.
    """

    __tablename__ = "receipts"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "corrects_id"], ["receipts.tenant_id", "receipts.id"]),
        UniqueConstraint("tenant_id", "order_id", "kind", "subject"),
        UniqueConstraint("tenant_id", "kind", "livemode", "year", "number"),
        UniqueConstraint("tenant_id", "label"),
        CheckConstraint(one_of("kind", ReceiptKind), name="kind_is_known"),
        CheckConstraint("subject <> ''", name="subject_is_set"),
        CheckConstraint("kind = 'receipt' OR corrects_id IS NOT NULL", name="credit_note_corrects"),
        CheckConstraint("(corrects_id IS NULL) = (corrects_label IS NULL)", name="corrected_is_named"),
        CheckConstraint("number > 0", name="number_is_positive"),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("vat_amount BETWEEN 0 AND amount", name="vat_is_part_of_amount"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
    )

    order_id: Mapped[UUID]
    kind: Mapped[ReceiptKind] = mapped_column(choice(ReceiptKind))
    #: Stripe's id: of the payment on the receipt of a sale, of the refund on a credit note. A receipt with a refund's
    #: id corrects the credit note of a refund that failed afterwards.
    subject: Mapped[str]
    #: The mode of its order at Stripe; a document of test mode states no sale.
    livemode: Mapped[bool]
    #: By the tenant's calendar: the year of `issued_at` in `time_zone`.
    year: Mapped[int]
    number: Mapped[int]
    #: The printed number.
    label: Mapped[str]
    #: The receipt that a credit note corrects, or the credit note that a further receipt corrects, and its printed
    #: number.
    corrects_id: Mapped[UUID | None]
    corrects_label: Mapped[str | None]
    issued_at: Mapped[datetime]
    time_zone: Mapped[str]
    order_number: Mapped[str]
    #: When the payment succeeded, or when the refund was recorded.
    moved_at: Mapped[datetime]
    #: Minor units, VAT included; of a credit note, the refunded amount.
    amount: Mapped[MinorUnits]
    #: The part of `amount` that is VAT; `None` where the seller charges none.
    vat_amount: Mapped[MinorUnits | None]
    currency: Mapped[str] = mapped_column(String(3))
    #: The seller's legal lines as they were, and the brand's name as `brand`.
    seller: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: `name`, `quantity`, `unit_amount`, `amount` of each line; they add up to `amount`. That of a discount
    #: has the `promotion_code` in place of a name, and a negative amount.
    lines: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    #: `name` and `email`; empty once the buyer's personal data were erased.
    buyer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: What the buyer consented to with the order, as `domain.consents` freezes it; on the receipt of a sale only.
    consents: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    @property
    def is_of_sale(self) -> bool:
        """Whether it is the receipt of a payment, and corrects no other document."""
        return self.corrects_id is None

    @property
    def signed_amount(self) -> int:
        """What it adds to the sale: negative for a credit note."""
        return -self.amount if self.kind is ReceiptKind.CREDIT_NOTE else self.amount

    @property
    def signed_vat(self) -> int:
        """What it adds to the VAT of the sale."""
        vat = self.vat_amount or 0
        return -vat if self.kind is ReceiptKind.CREDIT_NOTE else vat

    @property
    def file_name(self) -> str:
        return f"{self.label}.pdf"

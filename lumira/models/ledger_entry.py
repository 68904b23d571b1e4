"""Ledger entries: what was booked for the accountant, and until which day."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import MinorUnits, TenantOwned, choice, one_of


class Journal(StrEnum):
    """The journals, each with numbers of its own."""

    #: Receipts and credit notes.
    SALES = "VE"
    #: What moved on the balance at Stripe.
    STRIPE = "ST"
    #: Payouts that arrived in the bank account.
    BANK = "BQ"


class LedgerEvent(StrEnum):
    """What an entry is about."""

    SALE = "sale"
    CREDIT_NOTE = "credit_note"
    #: A receipt that corrects the credit note of a refund that failed.
    REFUND_CORRECTION = "refund_correction"
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    #: A fee of the Stripe account, of no payment.
    FEE = "fee"
    #: What Stripe transfers to the bank account, or takes back.
    PAYOUT = "payout"
    #: Of no order of the tenant, and no fee.
    OTHER = "other"
    #: A payout that arrived.
    ARRIVAL = "arrival"


class LedgerBooks(TenantOwned, Base):
    """Until which day the entries of one mode are complete. No entry is added for that day or an earlier one."""

    __tablename__ = "ledger_books"

    livemode: Mapped[bool] = mapped_column(primary_key=True)
    #: By the tenant's calendar; `None` until a first period was posted.
    posted_through: Mapped[date | None]
    #: One process posts at a time, so that numbers follow the dates: until then its lease lasts, and `token` names it.
    leased_until: Mapped[datetime | None]
    token: Mapped[int] = mapped_column(default=0, server_default="0")


class LedgerEntry(TenantOwned, Base):
    """One balanced entry, never changed. `revision` counts the entries of one source, from 0.

    What changes at the source afterwards, such as a fee, is a further entry with the difference. Amounts are minor
    units of the tenant's currency, positive for a debit, one for each of `roles`: which account a role is, the
    settings of the tenant say when the entry is exported.
    """

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("tenant_id", "livemode", "journal", "source_id", "revision"),
        CheckConstraint(one_of("journal", Journal), name="journal_is_known"),
        CheckConstraint(one_of("event", LedgerEvent), name="event_is_known"),
        CheckConstraint("number > 0", name="number_is_positive"),
        CheckConstraint("revision >= 0", name="revision_is_not_negative"),
        CheckConstraint("year = extract(year FROM entry_date)", name="year_is_of_date"),
        CheckConstraint("cardinality(roles) = cardinality(amounts)", name="each_role_has_an_amount"),
        CheckConstraint("cardinality(amounts) >= 2", name="entry_has_lines"),
        CheckConstraint("lumira_sum(amounts) = 0", name="entry_is_balanced"),
        CheckConstraint("(foreign_amount IS NULL) = (foreign_currency IS NULL)", name="foreign_is_whole"),
        Index("ix_ledger_entries_by_date", "tenant_id", "livemode", "entry_date", "journal", "number"),
    )

    livemode: Mapped[bool] = mapped_column(primary_key=True)
    journal: Mapped[Journal] = mapped_column(choice(Journal), primary_key=True)
    #: The year of `entry_date`: numbers begin at 1 in each.
    year: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    #: The day of its source, or a later one if that day was posted already.
    entry_date: Mapped[date]
    event: Mapped[LedgerEvent] = mapped_column(choice(LedgerEvent))
    #: The id of the receipt, or Stripe's id of the balance transaction or payout.
    source_id: Mapped[str]
    revision: Mapped[int] = mapped_column(default=0)
    #: What proves it: the printed number of a document, or Stripe's id.
    piece: Mapped[str]
    piece_date: Mapped[date]
    #: `None` for what is of no order of the tenant.
    order_number: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    amounts: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    #: The amount of a document in another currency than the tenant's, in its minor units.
    foreign_amount: Mapped[MinorUnits | None]
    foreign_currency: Mapped[str | None] = mapped_column(String(3))
    posted_at: Mapped[datetime] = mapped_column(default=utc_now)

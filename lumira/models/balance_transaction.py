"""Balance transactions: what each payment, refund and dispute moved on the tenant's balance at Stripe, and its fee."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, TenantOwned, Timestamped

#: Written into partial indexes and the queries that use them.
IS_UNREAD = "read_at IS NULL"


class BalanceTransaction(TenantOwned, Timestamped, Base):
    """One movement of the balance of the tenant's Stripe account, as Stripe returned it when it was read last.

    An event only names a balance transaction: its figures are never taken from an event, but read from Stripe. Of two
    reads the later one counts, so that the figures do not depend on the order of events. Until the first read,
    `read_at` and all figures are null.

    Amounts are minor units of `currency`, the currency of the balance, which may differ from the payment's: then
    `exchange_rate` says how Stripe converted it. `amount`, `fee` and `net` may each be negative, and `net` is `amount`
    less `fee`. A row may belong to another shop with the same Stripe account: then no order has its source.
    """

    __tablename__ = "balance_transactions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "stripe_payout_id"], ["payouts.tenant_id", "payouts.stripe_payout_id"]
        ),
        CheckConstraint(
            "(read_at IS NULL) = (amount IS NULL) AND (read_at IS NULL) = (fee IS NULL) "
            "AND (read_at IS NULL) = (net IS NULL) AND (read_at IS NULL) = (currency IS NULL) "
            "AND (read_at IS NULL) = (type IS NULL) AND (read_at IS NULL) = (stripe_created_at IS NULL)",
            name="figures_are_whole",
        ),
        CheckConstraint("net = amount - fee", name="net_is_amount_less_fee"),
        Index("ix_balance_transactions_unread", "tenant_id", "created_at", postgresql_where=IS_UNREAD),
        Index(
            "ix_balance_transactions_by_source",
            "tenant_id",
            "stripe_source_id",
            postgresql_where="stripe_source_id IS NOT NULL",
        ),
        Index(
            "ix_balance_transactions_by_payout",
            "tenant_id",
            "stripe_payout_id",
            postgresql_where="stripe_payout_id IS NOT NULL",
        ),
        Index(
            "ix_balance_transactions_payouts",
            "tenant_id",
            "stripe_created_at",
            postgresql_where="type = 'payout'",
        ),
        Index("ix_balance_transactions_by_time", "tenant_id", "stripe_created_at"),
    )

    stripe_balance_transaction_id: Mapped[str] = mapped_column(primary_key=True)
    livemode: Mapped[bool]
    #: Stripe's words, of which there may be more than are known: `charge`, `refund`, `adjustment`, `payout` …
    type: Mapped[str | None]
    reporting_category: Mapped[str | None]
    amount: Mapped[MinorUnits | None]
    fee: Mapped[MinorUnits | None]
    #: The VAT in `fee`.
    fee_tax: Mapped[MinorUnits | None]
    net: Mapped[MinorUnits | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    exchange_rate: Mapped[Decimal | None] = mapped_column(Numeric)
    #: The charge (`ch_…`, `py_…`), refund, dispute or payout that caused it; `None` if nothing did, such as a fee of
    #: the account.
    stripe_source_id: Mapped[str | None]
    available_on: Mapped[datetime | None]
    stripe_created_at: Mapped[datetime | None]
    #: The payout that contains it; `None` until Stripe has assigned it to one, and for good with manual payouts.
    stripe_payout_id: Mapped[str | None]
    #: When the request was sent whose response contained these figures.
    read_at: Mapped[datetime | None]

"""Payouts: what Stripe transfers from the tenant's balance to its bank account."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, TenantOwned, Timestamped, choice, one_of


class PayoutStatus(StrEnum):
    """Stripe's statuses (SDK 16.1.0), from the least to the most final: a bank may return a payout that was paid."""

    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    CANCELED = "canceled"
    FAILED = "failed"

    def furthest(self, other: "PayoutStatus") -> "PayoutStatus":
        order = list(PayoutStatus)
        return max(self, other, key=order.index)

    @property
    def is_arrived(self) -> bool:
        """Whether the money is in the bank account, as far as Stripe knows."""
        return self is PayoutStatus.PAID


class PayoutReconciliation(StrEnum):
    """Whether Stripe can list what a payout contains (`reconciliation_status`), from the least to the most final."""

    #: A manual payout: Stripe cannot say what it contains.
    NOT_APPLICABLE = "not_applicable"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"

    def furthest(self, other: "PayoutReconciliation") -> "PayoutReconciliation":
        order = list(PayoutReconciliation)
        return max(self, other, key=order.index)


class Payout(TenantOwned, Timestamped, Base):
    """One payout, and what was found when its lines were compared with the orders.

    `status` and `reconciliation` are the furthest that Stripe has reported, in whatever order its events arrived.
    Amounts are minor units of `currency`; a negative payout was taken from the bank account.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint(one_of("status", PayoutStatus), name="status_is_known"),
        CheckConstraint(one_of("reconciliation", PayoutReconciliation), name="reconciliation_is_known"),
        CheckConstraint("(lines_read_at IS NULL) = (mismatches IS NULL)", name="compared_once_read"),
        Index("ix_payouts_by_arrival", "tenant_id", "livemode", "arrival_at", "stripe_payout_id"),
        Index("ix_payouts_due", "tenant_id", "next_read_at", postgresql_where="next_read_at IS NOT NULL"),
    )

    stripe_payout_id: Mapped[str] = mapped_column(primary_key=True)
    livemode: Mapped[bool]
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[PayoutStatus] = mapped_column(choice(PayoutStatus))
    reconciliation: Mapped[PayoutReconciliation] = mapped_column(choice(PayoutReconciliation))
    is_automatic: Mapped[bool]
    #: When the money is expected in the bank account.
    arrival_at: Mapped[datetime]
    stripe_created_at: Mapped[datetime]
    failure_code: Mapped[str | None]
    #: When the payout or its lines are read from Stripe next; `None` if nothing more is expected.
    next_read_at: Mapped[datetime | None]
    #: When all lines were read and compared last.
    lines_read_at: Mapped[datetime | None]
    #: What did not match then, as `lumira.domain.payouts` describes it; empty if everything matched.
    mismatches: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))

"""Disputes: a buyer's bank withholds or takes back a payment."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, MinorUnits, Timestamped, choice, one_of


class DisputeStatus(StrEnum):
    """Stripe's statuses (SDK 16.1.0), from the least to the most final.

    Won comes after lost: a lost dispute may be won late.
    """

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    APPEAL_NEEDS_RESPONSE = "appeal_needs_response"
    APPEAL_UNDER_REVIEW = "appeal_under_review"
    PREVENTED = "prevented"
    LOST = "lost"
    WON = "won"

    @property
    def is_inquiry(self) -> bool:
        """Whether it is an inquiry: the bank withholds no money."""
        return self.value.startswith("warning_")

    @property
    def is_open(self) -> bool:
        """Whether it withholds money and is not decided."""
        return self in (
            DisputeStatus.NEEDS_RESPONSE,
            DisputeStatus.UNDER_REVIEW,
            DisputeStatus.APPEAL_NEEDS_RESPONSE,
            DisputeStatus.APPEAL_UNDER_REVIEW,
        )

    @property
    def is_decided(self) -> bool:
        """Whether the inquiry or dispute needs no response any more."""
        return self in (
            DisputeStatus.WON,
            DisputeStatus.LOST,
            DisputeStatus.WARNING_CLOSED,
            DisputeStatus.PREVENTED,
        )

    @property
    def rank(self) -> int:
        return list(DisputeStatus).index(self)


#: Those of an inquiry or dispute that needs no response any more.
DECIDED = tuple(status for status in DisputeStatus if status.is_decided)
_IS_DECIDED = f"status IN ({', '.join(repr(str(status)) for status in DECIDED)})"


class Dispute(Identified, Timestamped, Base):
    """One dispute of one charge; its amount may differ from the charge's.

    `was_inquiry` stays true of one that began as an inquiry, which has a message of its own. `movements` is the
    number of balance transactions with the reported status: it only grows, so that of two reports the one with more
    is the later, whenever it arrives.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_dispute_id"),
        Index("ix_disputes_by_order", "tenant_id", "order_id"),
        Index(
            "ix_disputes_open",
            "tenant_id",
            text("coalesce(due_at, created_at)"),
            "id",
            postgresql_where=_IS_DECIDED.replace("IN", "NOT IN"),
        ),
        Index("ix_disputes_closed", "tenant_id", "updated_at", "id", postgresql_where=_IS_DECIDED),
        CheckConstraint("amount >= 0 AND movements >= 0", name="amounts_are_not_negative"),
        CheckConstraint(one_of("status", DisputeStatus), name="status_is_known"),
    )

    order_id: Mapped[UUID]
    stripe_dispute_id: Mapped[str]
    stripe_charge_id: Mapped[str | None]
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[DisputeStatus] = mapped_column(choice(DisputeStatus))
    movements: Mapped[int] = mapped_column(default=0)
    was_inquiry: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None]
    due_at: Mapped[datetime | None]

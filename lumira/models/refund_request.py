"""A refund that Lumira requests of Stripe, frozen before it is sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, MinorUnits, Timestamped, choice, one_of
from lumira.models.payment_request import RequestState


class RefundOrigin(StrEnum):
    """Why it was decided. Each but the first is decided automatically."""

    #: By an operator, or by the tenant's own system.
    REQUESTED = "requested"
    #: Another payment settles the order.
    DUPLICATE_PAYMENT = "duplicate_payment"
    #: It was paid after its reserved stock had been released, and no unit was left.
    SOLD_OUT = "sold_out"
    #: The buyer withdrew from the contract.
    WITHDRAWAL = "withdrawal"
    #: The issuer of the card warned that the payment may be fraudulent.
    FRAUD_WARNING = "fraud_warning"


class RefundRequest(Identified, Timestamped, Base):
    """One refund: decided once, and sent to Stripe until Stripe has responded."""

    __tablename__ = "refund_requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "withdrawal_id"], ["withdrawals.tenant_id", "withdrawals.id"]),
        ForeignKeyConstraint(["tenant_id", "return_id"], ["returns.tenant_id", "returns.id"]),
        UniqueConstraint("tenant_id", "stripe_key"),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("key_number > 0", name="key_number_is_positive"),
        CheckConstraint("shipping_amount BETWEEN 0 AND amount", name="shipping_amount_is_a_part"),
        CheckConstraint("jsonb_typeof(lines) = 'array'", name="lines_are_a_list"),
        CheckConstraint(one_of("origin", RefundOrigin), name="origin_is_known"),
        CheckConstraint(one_of("state", RequestState), name="state_is_known"),
        CheckConstraint("(origin = 'withdrawal') = (withdrawal_id IS NOT NULL)", name="withdrawal_is_named"),
        # An automatic refund is decided once for each payment.
        Index(
            "uq_refund_requests_automatic",
            "tenant_id",
            "stripe_payment_intent_id",
            unique=True,
            postgresql_where="origin NOT IN ('requested', 'withdrawal')",
        ),
        # A withdrawal is refunded once; again only if another payment settles the order afterwards.
        Index(
            "uq_refund_requests_withdrawal",
            "tenant_id",
            "withdrawal_id",
            "stripe_payment_intent_id",
            unique=True,
            postgresql_where="withdrawal_id IS NOT NULL",
        ),
        # A return is refunded once; again only if another payment settles the order afterwards.
        Index(
            "uq_refund_requests_return",
            "tenant_id",
            "return_id",
            "stripe_payment_intent_id",
            unique=True,
            postgresql_where="return_id IS NOT NULL",
        ),
        Index("ix_refund_requests_by_order", "tenant_id", "order_id"),
        Index(
            "ix_refund_requests_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where="state IN ('frozen', 'unknown')",
        ),
    )

    order_id: Mapped[UUID]
    stripe_payment_intent_id: Mapped[str]
    #: Minor units.
    amount: Mapped[MinorUnits]
    origin: Mapped[RefundOrigin] = mapped_column(choice(RefundOrigin))
    #: The withdrawal that it refunds; `None` for any other refund.
    withdrawal_id: Mapped[UUID | None]
    #: The return of goods that it refunds, as an operator requested; `None` for any other refund.
    return_id: Mapped[UUID | None]
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: Which of its keys at Stripe `stripe_key` is, from 1.
    key_number: Mapped[int] = mapped_column(default=1)
    #: The part of the amount that is postage, in minor units.
    shipping_amount: Mapped[MinorUnits] = mapped_column(default=0, server_default=text("0"))
    #: The order lines that it refunds: `line_id` and `quantity` of each; `None` if it is of an amount.
    lines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_key: Mapped[str]
    #: When the key was first sent: Stripe stores one for a day.
    keyed_at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.FROZEN)
    #: Stripe's reason, where it refused: `code` and `message`.
    refusal: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_refund_id: Mapped[str | None]
    #: How many leases have begun; the process that holds the current one knows by it that no other does.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Until then it belongs to the process that sends it.
    leased_until: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]

    @property
    def is_automatic(self) -> bool:
        """Whether Lumira decided it by itself."""
        return self.origin is not RefundOrigin.REQUESTED

    @property
    def is_under_way(self) -> bool:
        """Whether Stripe may create the refund, or has created it without a recorded response."""
        return self.state in (RequestState.FROZEN, RequestState.UNKNOWN)

    def is_leased(self, now: datetime) -> bool:
        """Whether a process is sending it to Stripe now."""
        return self.leased_until is not None and self.leased_until > now

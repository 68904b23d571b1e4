"""Refunds, and the charges that they are of."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, MinorUnits, Timestamped, choice, one_of


class RefundStatus(StrEnum):
    """Stripe's statuses, from the least to the most final; a refund only ever moves down this list."""

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"

    def furthest(self, other: "RefundStatus") -> "RefundStatus":
        order = list(RefundStatus)
        return max(self, other, key=order.index)


class Charge(Identified, Timestamped, Base):
    """A charge of an order's payment, and the largest refunded amount that Stripe reported of it.

    Stripe counts what was authorized and never captured as refunded, too: `uncaptured` is that part.
    """

    __tablename__ = "charges"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_charge_id"),
        Index("ix_charges_by_order", "tenant_id", "order_id"),
        CheckConstraint("amount_refunded >= 0", name="amount_refunded_is_not_negative"),
    )

    order_id: Mapped[UUID]
    stripe_charge_id: Mapped[str]
    amount_refunded: Mapped[MinorUnits] = mapped_column(default=0)
    uncaptured: Mapped[MinorUnits] = mapped_column(default=0)


class Refund(Identified, Timestamped, Base):
    """One refund, made here or in Stripe's dashboard: its furthest status, and whether it ever succeeded.

    A refund that succeeded may fail weeks later, and its events may arrive in the other order: whether the buyer
    gets a message must not depend on that order.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_refund_id"),
        Index("ix_refunds_by_order", "tenant_id", "order_id"),
        CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        CheckConstraint(one_of("status", RefundStatus), name="status_is_known"),
    )

    order_id: Mapped[UUID]
    stripe_refund_id: Mapped[str]
    stripe_charge_id: Mapped[str | None]
    stripe_payment_intent_id: Mapped[str | None]
    #: The refund request in its metadata, if it is one of the order's and has its amount.
    refund_request_id: Mapped[UUID | None]
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[RefundStatus] = mapped_column(choice(RefundStatus))
    has_succeeded: Mapped[bool] = mapped_column(default=False)

    @property
    def is_live(self) -> bool:
        """Whether the amount is refunded or being refunded."""
        return self.status not in (RefundStatus.FAILED, RefundStatus.CANCELED)

    @property
    def is_pending(self) -> bool:
        """Whether Stripe has not completed the refund yet."""
        return self.status in (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)

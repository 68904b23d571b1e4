"""Payments: the PaymentIntents of an order, as Stripe reported them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, OfOrder, Timestamped, choice, one_of


class PaymentState(StrEnum):
    """The furthest reported state of a payment; it only ever moves down this list."""

    OPEN = "open"
    CANCELED = "canceled"
    SUCCEEDED = "succeeded"

    def furthest(self, other: "PaymentState") -> "PaymentState":
        order = list(PaymentState)
        return max(self, other, key=order.index)


class Payment(OfOrder, Timestamped, Base):
    """One PaymentIntent.

    `attempts` holds the ids of the attempts that were reported: `ch_…` for a charge that is processing, `pm_…` for
    a payment method that requires an action of the buyer. A decline of the same charge or method ends the attempt, so
    that whether one is open does not depend on the order of Stripe's events.
    """

    __tablename__ = "payments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_payment_intent_id"),
        CheckConstraint(one_of("state", PaymentState), name="state_is_known"),
        CheckConstraint("amount >= 0 AND amount_received >= 0", name="amounts_are_not_negative"),
        CheckConstraint("(state = 'succeeded') = (succeeded_at IS NOT NULL)", name="success_has_its_time"),
        Index("ix_payments_by_order", "tenant_id", "order_id"),
        Index(
            "ix_payments_by_charge",
            "tenant_id",
            "stripe_charge_id",
            postgresql_where="stripe_charge_id IS NOT NULL",
        ),
    )

    order_id: Mapped[UUID]
    stripe_payment_intent_id: Mapped[str]
    state: Mapped[PaymentState] = mapped_column(choice(PaymentState), default=PaymentState.OPEN)
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    #: What Stripe captured; counts once the payment has succeeded.
    amount_received: Mapped[MinorUnits] = mapped_column(default=0)
    stripe_charge_id: Mapped[str | None]
    attempts: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    #: Attempts that Stripe no longer reported when it was polled: the buyer has left them.
    ended_attempts: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    #: When Stripe first asked the buyer to pay outside the browser, by a bank transfer or a voucher.
    transfer_began_at: Mapped[datetime | None]
    #: What has arrived of a bank transfer, while the payment still waits for the rest.
    amount_funded: Mapped[MinorUnits] = mapped_column(default=0)
    succeeded_at: Mapped[datetime | None]
    canceled_at: Mapped[datetime | None]

    @property
    def has_succeeded(self) -> bool:
        return self.state is PaymentState.SUCCEEDED

"""Checkout Sessions of an order, as Stripe reported them."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class SessionState(StrEnum):
    """Stripe's statuses; a session only ever moves down this list."""

    OPEN = "open"
    EXPIRED = "expired"
    #: The buyer completed the form; the payment may still be processing.
    COMPLETE = "complete"

    def furthest(self, other: "SessionState") -> "SessionState":
        order = list(SessionState)
        return max(self, other, key=order.index)


class CheckoutSession(Identified, Timestamped, Base):
    """One Checkout Session. Its PaymentIntent is known once the buyer pays."""

    __tablename__ = "checkout_sessions"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_session_id"),
        CheckConstraint(one_of("state", SessionState), name="state_is_known"),
        Index("ix_checkout_sessions_by_order", "tenant_id", "order_id"),
    )

    order_id: Mapped[UUID]
    stripe_session_id: Mapped[str]
    state: Mapped[SessionState] = mapped_column(choice(SessionState), default=SessionState.OPEN)
    #: Whether Stripe reported it as paid.
    is_paid: Mapped[bool] = mapped_column(default=False)
    #: Whether its delayed payment failed; the session cannot be paid again.
    has_failed: Mapped[bool] = mapped_column(default=False)
    stripe_payment_intent_id: Mapped[str | None]
    expires_at: Mapped[datetime]

    @property
    def is_open(self) -> bool:
        return self.state is SessionState.OPEN

    @property
    def is_awaited(self) -> bool:
        """Whether the session is complete and its payment is processing."""
        return self.state is SessionState.COMPLETE and not self.is_paid and not self.has_failed

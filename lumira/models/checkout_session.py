"""A Checkout Session of an order, as far as Stripe has told."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class SessionState(StrEnum):
    """Stripe's words; a session only ever moves down this list."""

    OPEN = "open"
    EXPIRED = "expired"
    #: The form was finished, which says nothing of the money.
    COMPLETE = "complete"

    def furthest(self, other: "SessionState") -> "SessionState":
        order = list(SessionState)
        return max(self, other, key=order.index)


class CheckoutSession(Identified, Timestamped, Base):
    """One page of Stripe's on which the order can be paid. Its PaymentIntent is learned when it is paid."""

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
    #: Whether Stripe said that nothing remains to be paid.
    is_paid: Mapped[bool] = mapped_column(default=False)
    #: Whether a delayed payment of it came to nothing: nobody can try again on the same page.
    has_failed: Mapped[bool] = mapped_column(default=False)
    stripe_payment_intent_id: Mapped[str | None]
    expires_at: Mapped[datetime]

    @property
    def is_open(self) -> bool:
        return self.state is SessionState.OPEN

    @property
    def is_awaited(self) -> bool:
        """Whether the buyer did their part, and the money is on its way."""
        return self.state is SessionState.COMPLETE and not self.is_paid and not self.has_failed

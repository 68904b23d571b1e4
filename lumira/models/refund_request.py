"""A refund that we ask Stripe for, frozen before it is sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of
from lumira.models.payment_request import RequestState


class RefundOrigin(StrEnum):
    """Who decided it."""

    #: A person, or the tenant's own system.
    REQUESTED = "requested"
    #: The order was paid twice.
    DUPLICATE_PAYMENT = "duplicate_payment"
    #: It was paid after its pieces had been given back, and there were none left.
    SOLD_OUT = "sold_out"


class RefundRequest(Identified, Timestamped, Base):
    """One refund to be made: decided once, and asked of Stripe until Stripe has answered."""

    __tablename__ = "refund_requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_key"),
        CheckConstraint("amount > 0", name="amount_is_positive"),
        CheckConstraint("attempt > 0", name="attempt_is_positive"),
        CheckConstraint(one_of("origin", RefundOrigin), name="origin_is_known"),
        CheckConstraint(one_of("state", RequestState), name="state_is_known"),
        # What the house decides by itself it decides once for each payment.
        Index(
            "uq_refund_requests_automatic",
            "tenant_id",
            "stripe_payment_intent_id",
            unique=True,
            postgresql_where="origin <> 'requested'",
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
    amount: Mapped[int]
    origin: Mapped[RefundOrigin] = mapped_column(choice(RefundOrigin))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    attempt: Mapped[int] = mapped_column(default=1)
    stripe_key: Mapped[str]
    #: When that key was made: Stripe remembers one for a day.
    keyed_at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.FROZEN)
    #: Stripe's reason, where it refused: its code and its sentence.
    refusal: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    stripe_refund_id: Mapped[str | None]
    #: How often it was taken to be sent; tells the process that has it from those that had it before.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Until then it belongs to the process that is asking.
    leased_until: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]

    @property
    def is_under_way(self) -> bool:
        """Whether Stripe may make it, or has made it, without our knowing of the refund yet."""
        return self.state in (RequestState.FROZEN, RequestState.UNKNOWN)

    def is_leased(self, now: datetime) -> bool:
        """Whether a process is asking Stripe for it at the moment."""
        return self.leased_until is not None and self.leased_until > now

"""A call to Stripe, frozen before it is sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class RequestKind(StrEnum):
    """What Stripe is asked to make."""

    PAYMENT_INTENT = "payment_intent"
    CHECKOUT_SESSION = "checkout_session"


class RequestState(StrEnum):
    """What became of the call."""

    FROZEN = "frozen"
    ACCEPTED = "accepted"
    #: Stripe said no, for good.
    REFUSED = "refused"
    #: Stripe failed on its side: the outcome is not known and its stored answer would stay the same.
    UNKNOWN = "unknown"


class PaymentRequest(Identified, Timestamped, Base):
    """The PaymentIntent or Checkout Session that we ask Stripe for: parameters and key of one attempt.

    A retry sends the very same parameters under the very same key, whichever process makes it.
    """

    __tablename__ = "payment_requests"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "order_id", "attempt"),
        CheckConstraint("attempt > 0", name="attempt_is_positive"),
        CheckConstraint(one_of("kind", RequestKind), name="kind_is_known"),
        CheckConstraint(one_of("state", RequestState), name="state_is_known"),
    )

    order_id: Mapped[UUID]
    attempt: Mapped[int]
    kind: Mapped[RequestKind] = mapped_column(choice(RequestKind), default=RequestKind.PAYMENT_INTENT)
    parameters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    stripe_key: Mapped[str]
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.FROZEN)
    #: Stripe's reason, where it refused: its code and its sentence, as JSON of two texts.
    refusal: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    responded_at: Mapped[datetime | None]

    @property
    def is_live(self) -> bool:
        """Whether the payment that it asks for may still come to be."""
        return self.state in (RequestState.FROZEN, RequestState.ACCEPTED)

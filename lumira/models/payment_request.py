"""Payment requests: calls to Stripe, frozen before they are sent."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import OfOrder, Timestamped, choice, one_of


class RequestKind(StrEnum):
    """What Stripe creates."""

    PAYMENT_INTENT = "payment_intent"
    CHECKOUT_SESSION = "checkout_session"


class RequestState(StrEnum):
    """The outcome of the call."""

    FROZEN = "frozen"
    ACCEPTED = "accepted"
    #: Stripe refused it; it is not sent again.
    REFUSED = "refused"
    #: Stripe failed on its side: the outcome is unknown, and Stripe replays the same response.
    UNKNOWN = "unknown"


class PaymentRequest(OfOrder, Timestamped, Base):
    """The request for a PaymentIntent or Checkout Session: parameters and idempotency key of one attempt.

    A retry, by whichever process, sends the same parameters under the same key.
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
    #: Stripe's reason, where it refused: `code` and `message`; `extra`, a parameter to leave out of the next attempt;
    #: `stripe_time`, when it refused by its own clock.
    refusal: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    responded_at: Mapped[datetime | None]

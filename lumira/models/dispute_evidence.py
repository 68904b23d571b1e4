"""The response to a dispute, frozen before it is sent to the bank."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import OfOrder, Timestamped, choice, one_of
from lumira.models.payment_request import RequestState


class DisputeEvidence(OfOrder, Timestamped, Base):
    """One response: decided by an operator, and sent to Stripe until Stripe has responded.

    A bank reads one response. Another row exists for a dispute only if Stripe refused the earlier ones.
    """

    __tablename__ = "dispute_evidence"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "stripe_key"),
        CheckConstraint("jsonb_typeof(fields) = 'object'", name="fields_are_an_object"),
        CheckConstraint("key_number > 0", name="key_number_is_positive"),
        CheckConstraint(one_of("state", RequestState), name="state_is_known"),
        Index(
            "uq_dispute_evidence_of_dispute",
            "tenant_id",
            "stripe_dispute_id",
            unique=True,
            postgresql_where="state <> 'refused'",
        ),
        Index("ix_dispute_evidence_by_order", "tenant_id", "order_id"),
        Index(
            "ix_dispute_evidence_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where="state IN ('frozen', 'unknown')",
        ),
        Index(
            "ix_dispute_evidence_to_clear",
            "tenant_id",
            "responded_at",
            postgresql_where="cleared_at IS NULL AND responded_at IS NOT NULL",
        ),
    )

    order_id: Mapped[UUID]
    stripe_dispute_id: Mapped[str]
    #: What is sent, by Stripe's names of the fields; empty once it was cleared.
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    #: The operator who sends it, as in the audit log.
    decided_by: Mapped[str]
    #: Which of its keys at Stripe `stripe_key` is, from 1.
    key_number: Mapped[int] = mapped_column(default=1)
    stripe_key: Mapped[str]
    #: When the key was first sent: Stripe stores one for a day.
    keyed_at: Mapped[datetime] = mapped_column(default=utc_now)
    state: Mapped[RequestState] = mapped_column(choice(RequestState), default=RequestState.FROZEN)
    #: Stripe's reason, where it refused: `code` and `message`.
    refusal: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    #: How many leases have begun; the process that holds the current one knows by it that no other does.
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    responded_at: Mapped[datetime | None]
    #: When the words were removed: the buyer was erased, or the time for which they are stored is over.
    cleared_at: Mapped[datetime | None]

    @property
    def is_under_way(self) -> bool:
        """Whether Stripe may get it, or has got it without a recorded response."""
        return self.state in (RequestState.FROZEN, RequestState.UNKNOWN)

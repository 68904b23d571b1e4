"""Stripe's events, as they were received."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from lumira import event_payloads
from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, choice, one_of


class EventStatus(StrEnum):
    RECEIVED = "received"
    PROCESSED = "processed"
    IGNORED = "ignored"
    #: Its order is not known yet; it is retried.
    PARKED = "parked"
    #: Its object does not belong to Lumira.
    FOREIGN = "foreign"
    FAILED = "failed"


class WebhookEvent(Identified, Base):
    """One signed event: the row is the work, and its status is the state of that work.

    Partitioned by the month of Stripe's time, which is a part of the signed event: every delivery of it is in the same
    partition, where the unique constraint finds a repetition. Old months are dropped as a whole.

    The payload is compressed text, which PostgreSQL does not parse: a signed `\\u0000` must be storable too.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        # With Stripe's time in both keys, because the table is partitioned by it.
        UniqueConstraint("tenant_id", "stripe_event_id", "stripe_created_at"),
        CheckConstraint(one_of("status", EventStatus), name="status_is_known"),
        Index(
            "ix_webhook_events_due",
            "tenant_id",
            "next_attempt_at",
            postgresql_where="status IN ('received', 'parked')",
        ),
        Index("ix_webhook_events_by_order", "tenant_id", "order_id"),
        Index(
            "ix_webhook_events_parked",
            "tenant_id",
            "stripe_payment_intent_id",
            postgresql_where="status = 'parked'",
        ),
        # What an operator looks for among millions that were processed.
        Index(
            "ix_webhook_events_waiting",
            "tenant_id",
            "id",
            postgresql_where="status IN ('parked', 'failed')",
        ),
        Index(
            "ix_webhook_events_with_payload",
            "tenant_id",
            "processed_at",
            postgresql_where="processed_at IS NOT NULL AND payload_removed_at IS NULL",
        ),
        {"postgresql_partition_by": "RANGE (stripe_created_at)"},
    )

    #: Not a foreign key: every delivery would lock the row of the tenant. The inbox has looked the tenant up.
    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)
    stripe_event_id: Mapped[str]
    #: By Stripe's clock, in whole seconds: never used to order events.
    stripe_created_at: Mapped[datetime] = mapped_column(primary_key=True, sort_order=-1)
    type: Mapped[str]
    api_version: Mapped[str | None]
    livemode: Mapped[bool | None]
    stripe_account: Mapped[str | None]
    #: The payload of an event that was stored before payloads were compressed; empty for all others.
    plain_payload: Mapped[dict[str, Any]] = mapped_column("payload", JSON, default=dict)
    #: As `event_payloads` writes it; none if the event was stored before, or its payload was removed.
    compressed_payload: Mapped[bytes | None]
    #: When the payload was removed, because the event was handled long ago.
    payload_removed_at: Mapped[datetime | None]
    status: Mapped[EventStatus] = mapped_column(choice(EventStatus), default=EventStatus.RECEIVED)
    #: Why it was ignored, parked or failed: one stable word.
    reason: Mapped[str | None]
    order_id: Mapped[UUID | None]
    #: The payment that a parked event waits for.
    stripe_payment_intent_id: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(default=utc_now)
    #: Whether it was fetched from Stripe in time for its webhook, and no webhook has delivered it since.
    is_pulled: Mapped[bool] = mapped_column(default=False, server_default=false())
    next_attempt_at: Mapped[datetime] = mapped_column(default=utc_now)
    processed_at: Mapped[datetime | None]

    #: The compressed payload that was parsed last, and what it was parsed to.
    _parsed = (b"", cast("dict[str, Any]", {}))

    @property
    def payload(self) -> dict[str, Any]:
        """The event as it was received, but for client secrets; empty once it was removed.

        To change it, assign another one.
        """
        if self.compressed_payload is None:
            return self.plain_payload
        if self._parsed[0] is not self.compressed_payload:
            self._parsed = (self.compressed_payload, event_payloads.parse(self.compressed_payload))
        return self._parsed[1]

    @payload.setter
    def payload(self, event: dict[str, Any]) -> None:
        self.plain_payload = {}
        self.compressed_payload = event_payloads.compress(json.dumps(event))

"""The webhook events of one order: those that were applied to it, and those that name it and are not processed."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Text, cast, select, union_all

from lumira import event_payloads
from lumira.database import constant, db
from lumira.domain.timeline import OrderEvent
from lumira.domain.waiting import StuckEvent
from lumira.models import EventStatus, WebhookEvent

#: Events in the inbox that are searched for an order's ids, of those that failed or are parked, and of those received.
_SEARCHED = 300


def list_stuck(tenant_id: int, references: Sequence[str]) -> list[StuckEvent]:
    """Return the events that name one of these ids and are not processed: failed, parked or received; oldest first.

    An event that is not processed belongs to no order yet, so the payloads are searched: of the newest that failed or
    are parked, and of those that have waited longest, each a bounded number.
    """
    columns = (
        WebhookEvent.id,
        WebhookEvent.stripe_event_id,
        WebhookEvent.type,
        WebhookEvent.status,
        WebhookEvent.received_at,
        cast(WebhookEvent.plain_payload, Text).label("plain"),
        WebhookEvent.compressed_payload,
    )
    of_tenant = select(*columns).where(WebhookEvent.tenant_id == tenant_id)
    stopped = (
        of_tenant.where(
            (WebhookEvent.status == constant(EventStatus.PARKED))
            | (WebhookEvent.status == constant(EventStatus.FAILED))
        )
        .order_by(WebhookEvent.id.desc())
        .limit(constant(_SEARCHED))
        .subquery()
    )
    due = (
        of_tenant.where(WebhookEvent.status == constant(EventStatus.RECEIVED))
        .order_by(WebhookEvent.next_attempt_at)
        .limit(constant(_SEARCHED))
        .subquery()
    )
    rows = [
        row for row in db.session.execute(union_all(select(stopped), select(due))) if _names(row, references)
    ]
    return [
        StuckEvent(row.stripe_event_id, row.type, row.status, row.received_at)
        for row in sorted(rows, key=lambda row: (row.received_at, row.id))
    ]


def _names(row: Row[Any], references: Sequence[str]) -> bool:
    """Whether the payload holds one of these ids, whichever way it is stored."""
    compressed = row.compressed_payload
    payload = row.plain if compressed is None else event_payloads.text_of(compressed)
    return any(reference in payload for reference in references)


def list_of_order(tenant_id: int, order_id: UUID) -> list[OrderEvent]:
    """Return the webhook events of one order for its timeline, in the order of arrival."""
    rows = db.session.execute(
        select(
            WebhookEvent.type,
            WebhookEvent.received_at,
            WebhookEvent.status,
            WebhookEvent.reason,
            WebhookEvent.stripe_event_id,
        )
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.order_id == order_id)
        .order_by(WebhookEvent.received_at, WebhookEvent.id)
    )
    return [
        OrderEvent(row.type, row.received_at, row.status, row.reason, row.stripe_event_id) for row in rows
    ]

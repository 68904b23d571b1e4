"""The events of the inbox: claimed, listed, unparked when their payment is attached, and replayed.

Those of one order are in `order_events`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import defer

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.formats import parse_uuid
from lumira.models import EventStatus, WebhookEvent

_WITHOUT_PAYLOAD = (
    defer(WebhookEvent.plain_payload, raiseload=True),
    defer(WebhookEvent.compressed_payload, raiseload=True),
)

#: Why an event is parked whose payment was not looked up at Stripe since its last attempt.
ORDER_UNKNOWN = "order_unknown"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list."""

    status: EventStatus | None = None
    type: str | None = None
    limit: int = 50


def schedule_processing(tenant_id: int) -> None:
    """Enqueue a job that processes the inbox.

    Among the last statements of the transaction, before `outbox.schedule_relay`: both take a lock until the commit.
    """
    db.session.flush()
    db.session.execute(
        text("SELECT lumira_enqueue_job('process_events', :tenant_id)"), {"tenant_id": tenant_id}
    )


def list_stored_ids(tenant_id: int, stripe_event_ids: Iterable[str]) -> set[str]:
    """Return which of these Stripe events are stored."""
    query = select(WebhookEvent.stripe_event_id).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.stripe_event_id.in_(list(stripe_event_ids))
    )
    return set(db.session.execute(query).scalars())


def mark_pulled(tenant_id: int, stripe_event_id: str) -> None:
    """Record that an event had to be fetched from Stripe; a later delivery of it by a webhook takes that back."""
    db.session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.stripe_event_id == stripe_event_id)
        .values(is_pulled=True)
        .execution_options(synchronize_session=False)
    )


def claim_due(
    tenant_id: int, *, limit: int, event_id: UUID | None = None, with_payload: bool = True
) -> list[WebhookEvent]:
    """Return due events, locked until the end of the transaction; events that are locked already are skipped.

    Without the payload, reading it raises an error.
    """
    query = (
        select(WebhookEvent)
        .where(*_is_due(tenant_id))
        .options(*([] if with_payload else _WITHOUT_PAYLOAD))
        .order_by(WebhookEvent.next_attempt_at, WebhookEvent.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if event_id is not None:
        query = query.where(WebhookEvent.id == event_id)
    return list(db.session.execute(query).scalars())


def list_due_ids(tenant_id: int, *, limit: int) -> list[UUID]:
    """Return ids of due events, longest due first, without loading the events."""
    query = select(WebhookEvent.id).where(*_is_due(tenant_id)).order_by(WebhookEvent.next_attempt_at)
    return list(db.session.execute(query.limit(limit)).scalars())


def _is_due(tenant_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        WebhookEvent.tenant_id == tenant_id,
        WebhookEvent.status.in_((EventStatus.RECEIVED, EventStatus.PARKED)),
        # An event without an attempt is due whatever the clock of the process that received it.
        or_(WebhookEvent.next_attempt_at <= utc_now(), WebhookEvent.attempts == 0),
    )


_UNPARK = (
    update(WebhookEvent)
    .where(
        WebhookEvent.tenant_id == bindparam("of_tenant"),
        WebhookEvent.id.in_(
            select(WebhookEvent.id)
            .where(
                WebhookEvent.tenant_id == bindparam("of_tenant"),
                WebhookEvent.status == EventStatus.PARKED,
                WebhookEvent.stripe_payment_intent_id
                == func.any(bindparam("of_payments", type_=ARRAY(Text))),
            )
            .with_for_update(skip_locked=True)
        ),
    )
    .values(next_attempt_at=bindparam("now"))
    .returning(WebhookEvent.id)
)


def unpark(tenant_id: int, payment_intent_ids: Iterable[str]) -> bool:
    """Make the events due now that wait for these payments; returns whether there were any.

    Skips locked events: the caller may have locked an order, and the process that has locked an event waits for
    orders. An event that is being processed at this moment needs no retry.
    """
    due = db.session.connection().execute(
        _UNPARK, {"of_tenant": tenant_id, "of_payments": list(payment_intent_ids), "now": utc_now()}
    )
    return bool(due.all())


def list_awaited_payments(tenant_id: int, *, attempts: int, limit: int = 50) -> list[str]:
    """Return payments that parked events wait for, longest waiting first.

    Only of events with at least so many attempts, and whose payment was not looked up since the last one.
    """
    payment_intent_ids = (
        db.session.execute(
            select(WebhookEvent.stripe_payment_intent_id)
            .where(
                WebhookEvent.tenant_id == tenant_id,
                WebhookEvent.status == EventStatus.PARKED,
                WebhookEvent.stripe_payment_intent_id.is_not(None),
                WebhookEvent.attempts >= attempts,
                WebhookEvent.reason == ORDER_UNKNOWN,
            )
            .group_by(WebhookEvent.stripe_payment_intent_id)
            .order_by(func.min(WebhookEvent.received_at))
            .limit(limit)
        )
        .scalars()
        .all()
    )
    return [payment_intent_id for payment_intent_id in payment_intent_ids if payment_intent_id is not None]


def mark_foreign(tenant_id: int, payment_intent_id: str) -> int:
    """Close the events that wait for a payment which is not Lumira's; returns how many there were."""
    marked = db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.status == EventStatus.PARKED,
            WebhookEvent.stripe_payment_intent_id == payment_intent_id,
        )
        .values(status=EventStatus.FOREIGN, reason="foreign", processed_at=utc_now())
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(marked.all())


def mark_looked_up(tenant_id: int, payment_intent_id: str, *, reason: str) -> None:
    """Record why a lookup decided nothing: the payment is looked up again only after the next attempt of its events."""
    db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.status == EventStatus.PARKED,
            WebhookEvent.stripe_payment_intent_id == payment_intent_id,
        )
        .values(reason=reason)
        .execution_options(synchronize_session=False)
    )


def list_events(tenant_id: int, filters: EventFilter) -> Sequence[WebhookEvent]:
    """Return events without their payloads, newest first."""
    query = (
        select(WebhookEvent)
        .where(WebhookEvent.tenant_id == tenant_id)
        .order_by(WebhookEvent.id.desc())
        .options(*_WITHOUT_PAYLOAD)
    )
    if filters.status is not None:
        query = query.where(WebhookEvent.status == constant(filters.status))
    if filters.type is not None:
        query = query.where(WebhookEvent.type == filters.type)
    return db.session.execute(query.limit(constant(filters.limit))).scalars().all()


def find_event(tenant_id: int, reference: str) -> WebhookEvent | None:
    """Return the event with this id, Stripe's or Lumira's; `None` if there is none."""
    event_id = parse_uuid(reference)
    has_id = WebhookEvent.stripe_event_id == reference if event_id is None else WebhookEvent.id == event_id
    return (
        db.session.execute(
            select(WebhookEvent)
            .where(WebhookEvent.tenant_id == tenant_id, has_id)
            .order_by(WebhookEvent.id)
            .limit(1)
        )
        .scalars()
        .first()
    )


def ids_with_status(tenant_id: int, status: EventStatus) -> list[UUID]:
    """Return ids of all events in a status, oldest first."""
    return list(
        db.session.execute(
            select(WebhookEvent.id)
            .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.status == constant(status))
            .order_by(WebhookEvent.id)
        ).scalars()
    )


def replay(tenant_id: int, event_ids: Sequence[UUID]) -> list[str]:
    """Process these events again from the start; returns the Stripe ids of those that exist and have their payload.

    Safe to repeat, and safe for events that were processed before, because each fact counts once.
    """
    # Locked in one order, so that two replays do not deadlock.
    locked = db.session.execute(
        select(WebhookEvent.id, WebhookEvent.stripe_event_id)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.id.in_(event_ids),
            WebhookEvent.payload_removed_at.is_(None),
        )
        .order_by(WebhookEvent.id)
        .with_for_update()
    ).all()
    if not locked:
        return []
    db.session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.id.in_([row.id for row in locked]))
        .values(
            status=EventStatus.RECEIVED,
            reason=None,
            attempts=0,
            next_attempt_at=utc_now(),
            processed_at=None,
            last_error=None,
        )
        .execution_options(synchronize_session=False)
    )
    schedule_processing(tenant_id)
    return [row.stripe_event_id for row in locked]

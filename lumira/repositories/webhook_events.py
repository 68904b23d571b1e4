"""Stripe's events as rows: found, tried again, woken when what they wait for has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import defer

from lumira.clock import utc_now
from lumira.database import db
from lumira.formats import parse_uuid
from lumira.models import EventStatus, WebhookEvent

#: Why an event waits whose payment Stripe was not asked about since its last try.
ORDER_UNKNOWN = "order_unknown"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list."""

    status: EventStatus | None = None
    type: str | None = None
    limit: int = 50


def schedule_processing(tenant_id: int) -> None:
    """Let a worker look at the inbox. Among the last statements of its transaction, before the outbox's."""
    db.session.flush()
    db.session.execute(
        text("SELECT lumira_enqueue_job('process_events', :tenant_id)"), {"tenant_id": tenant_id}
    )


def list_stored_ids(tenant_id: int, stripe_event_ids: Iterable[str]) -> set[str]:
    """Those of Stripe's events that have been stored."""
    query = select(WebhookEvent.stripe_event_id).where(
        WebhookEvent.tenant_id == tenant_id, WebhookEvent.stripe_event_id.in_(list(stripe_event_ids))
    )
    return set(db.session.execute(query).scalars())


def unpark(tenant_id: int, payment_intent_ids: Iterable[str]) -> bool:
    """Let the events that wait for these payments be tried at once; whether there were any.

    Waits for no lock, because the caller may hold an order and whoever holds an event wants one: what is
    being handled at this moment is left to that.
    """
    waiting = (
        select(WebhookEvent.id)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.status == EventStatus.PARKED,
            WebhookEvent.stripe_payment_intent_id.in_(list(payment_intent_ids)),
        )
        .with_for_update(skip_locked=True)
    )
    woken = db.session.execute(
        update(WebhookEvent)
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.id.in_(waiting))
        .values(next_attempt_at=utc_now())
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return bool(woken.all())


def list_awaited_payments(tenant_id: int, *, attempts: int, limit: int = 50) -> list[str]:
    """Payments that events wait for, tried at least so often and not asked about since; longest waiting first."""
    found = (
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
    return [payment_intent_id for payment_intent_id in found if payment_intent_id is not None]


def mark_foreign(tenant_id: int, payment_intent_id: str) -> int:
    """Stripe says that this payment is none of ours: what waits for it is done with; how many events."""
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
    """Stripe was asked about this payment in vain: what waits for it is not asked about until its next try."""
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


def list_events(tenant_id: int, wanted: EventFilter) -> Sequence[WebhookEvent]:
    """Events without their payloads, newest first."""
    query = (
        select(WebhookEvent)
        .where(WebhookEvent.tenant_id == tenant_id)
        .order_by(WebhookEvent.id.desc())
        .options(defer(WebhookEvent.payload, raiseload=True))
    )
    if wanted.status is not None:
        query = query.where(WebhookEvent.status == wanted.status)
    if wanted.type is not None:
        query = query.where(WebhookEvent.type == wanted.type)
    return db.session.execute(query.limit(wanted.limit)).scalars().all()


def find_event(tenant_id: int, reference: str) -> WebhookEvent | None:
    """The event with this id, Stripe's or ours."""
    event_id = parse_uuid(reference)
    named = WebhookEvent.stripe_event_id == reference if event_id is None else WebhookEvent.id == event_id
    return (
        db.session.execute(
            select(WebhookEvent)
            .where(WebhookEvent.tenant_id == tenant_id, named)
            .order_by(WebhookEvent.id)
            .limit(1)
        )
        .scalars()
        .first()
    )


def ids_with_status(tenant_id: int, status: EventStatus) -> list[UUID]:
    """Ids of all events in a status, oldest first."""
    return list(
        db.session.execute(
            select(WebhookEvent.id)
            .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.status == status)
            .order_by(WebhookEvent.id)
        ).scalars()
    )


def replay(tenant_id: int, event_ids: Sequence[UUID]) -> list[str]:
    """Let these events be handled again from the start, and wake a worker; Stripe's ids of those there were.

    Safe to repeat, and safe for what was handled before: facts count once. One that waits for its next try
    is due at once.
    """
    # Locked in one order, so that two replays do not wait for each other crosswise.
    locked = db.session.execute(
        select(WebhookEvent.id, WebhookEvent.stripe_event_id)
        .where(WebhookEvent.tenant_id == tenant_id, WebhookEvent.id.in_(event_ids))
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

"""Stripe's events as rows: found, tried again, woken when what they wait for has come."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import NotFound
from lumira.models import EventStatus, WebhookEvent

#: What replaying may take: the others wait for their turn already.
_DONE = (
    EventStatus.HANDLED,
    EventStatus.IGNORED,
    EventStatus.FOREIGN,
    EventStatus.FAILED,
    EventStatus.PARKED,
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list."""

    status: EventStatus | None = None
    type: str | None = None
    limit: int = 50


def wake(tenant_id: int) -> None:
    """Let a worker look at the inbox. Among the last statements of its transaction, before the outbox's."""
    db.session.flush()
    db.session.execute(text("SELECT lumira_wake('drain_inbox', :tenant_id)"), {"tenant_id": tenant_id})


def unpark(tenant_id: int, payment_intent_ids: Iterable[str]) -> bool:
    """Let the events that wait for these payments be tried at once; whether there were any."""
    woken = db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.status == EventStatus.PARKED,
            WebhookEvent.stripe_payment_intent_id.in_(list(payment_intent_ids)),
        )
        .values(next_try_at=utc_now())
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return bool(woken.all())


def payments_waited_for(tenant_id: int, *, tries: int, limit: int = 50) -> list[str]:
    """Payments that events wait for, of those that were tried at least so often."""
    found = (
        db.session.execute(
            select(WebhookEvent.stripe_payment_intent_id)
            .where(
                WebhookEvent.tenant_id == tenant_id,
                WebhookEvent.status == EventStatus.PARKED,
                WebhookEvent.stripe_payment_intent_id.is_not(None),
                WebhookEvent.tries >= tries,
            )
            .distinct()
            .order_by(WebhookEvent.stripe_payment_intent_id)
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
        .values(status=EventStatus.FOREIGN, reason="foreign", handled_at=utc_now())
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    return len(marked.all())


def list_events(tenant_id: int, wanted: EventFilter) -> Sequence[WebhookEvent]:
    """Events, newest first."""
    query = select(WebhookEvent).where(WebhookEvent.tenant_id == tenant_id).order_by(WebhookEvent.id.desc())
    if wanted.status is not None:
        query = query.where(WebhookEvent.status == wanted.status)
    if wanted.type is not None:
        query = query.where(WebhookEvent.type == wanted.type)
    return db.session.execute(query.limit(wanted.limit)).scalars().all()


def find_event(tenant_id: int, stripe_event_id: str) -> WebhookEvent | None:
    """The event with Stripe's id."""
    return (
        db.session.execute(
            select(WebhookEvent).where(
                WebhookEvent.tenant_id == tenant_id, WebhookEvent.stripe_event_id == stripe_event_id
            )
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


def replay(tenant_id: int, event_id: UUID) -> None:
    """Let one event be handled again from the start; safe to repeat, because facts count once.

    `NotFound` if the tenant has no such event, or it waits for its first handling anyhow.
    """
    replayed = db.session.execute(
        update(WebhookEvent)
        .where(
            WebhookEvent.tenant_id == tenant_id,
            WebhookEvent.id == event_id,
            WebhookEvent.status.in_(_DONE),
        )
        .values(
            status=EventStatus.RECEIVED,
            reason=None,
            tries=0,
            next_try_at=utc_now(),
            handled_at=None,
            last_error=None,
        )
        .returning(WebhookEvent.id)
        .execution_options(synchronize_session=False)
    )
    if replayed.first() is None:
        raise NotFound("There is no such event to replay.")

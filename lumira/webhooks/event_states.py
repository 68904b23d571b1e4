"""The states of an event after an attempt: closed, parked until its order is known, or failed with an alert."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.error_reports import storable
from lumira.models import AlertKind, EventStatus, WebhookEvent
from lumira.repositories.alerts import alerts

log = structlog.get_logger()

#: Attempts of an event that fails because of an error in Lumira, before an operator has to act.
MAXIMUM_ATTEMPTS = 8
#: How long an event waits for its order before each further attempt: most orders are only a little late. After the
#: last attempt, 39 hours in all, the event becomes an alert.
PARKED_FOR = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
    timedelta(hours=24),
)
#: The wait before the second attempt of an event that failed with an error; it doubles with each attempt.
_RETRY_AFTER = timedelta(seconds=5)


def close(event: WebhookEvent, status: EventStatus, reason: str | None, now: datetime) -> None:
    """Close an event that needs no further attempt: processed, ignored or foreign."""
    event.status = status
    event.reason = reason
    event.attempts += 1
    event.processed_at = now
    log.info(
        "event_processed",
        event_id=event.stripe_event_id,
        event_type=event.type,
        status=str(status),
        reason=reason,
        order_id=str(event.order_id) if event.order_id else None,
    )


def park(event: WebhookEvent, now: datetime, *, reason: str) -> None:
    """Let the event wait for its order; after the last attempt it fails."""
    if event.attempts >= len(PARKED_FOR):
        fail(event, reason)
        return
    event.next_attempt_at = now + PARKED_FOR[event.attempts]
    event.attempts += 1
    event.status = EventStatus.PARKED
    event.reason = reason
    log.warning("event_parked", event_id=event.stripe_event_id, event_type=event.type, reason=reason)


def retry_later(event: WebhookEvent, error: str, *, error_id: UUID | None = None) -> None:
    """Record an error of Lumira and when the event is retried; after the last attempt it fails.

    `error_id` is the kind of the error, which `flask errors show` explains.
    """
    event.attempts += 1
    # A traceback may quote a payload.
    event.last_error = storable(error)
    if event.attempts >= MAXIMUM_ATTEMPTS:
        fail(event, "error", error_id=error_id)
    else:
        event.next_attempt_at = utc_now() + _RETRY_AFTER * 2**event.attempts


def fail(event: WebhookEvent, reason: str, *, error_id: UUID | None = None) -> None:
    """Give the event up, and raise an alert: an operator decides whether it is replayed."""
    event.status = EventStatus.FAILED
    event.reason = reason
    event.processed_at = utc_now()
    named: dict[str, Any] = {} if error_id is None else {"error": str(error_id)}
    alerts.raise_alert(
        event.tenant_id,
        kind=AlertKind.EVENT_FAILED,
        subject=event.stripe_event_id,
        type=event.type,
        reason=reason,
        **named,
    )

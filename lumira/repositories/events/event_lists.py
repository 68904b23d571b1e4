"""Lists of Stripe's events for operators, newest first.

Events are the largest table. What an operator looks for most, an event that failed or waits, has an index; a filter
without one is applied to a bounded number of events, and the list says how far back it has looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from lumira.database import constant, db
from lumira.models import EventStatus, WebhookEvent
from lumira.models.columns import table_of
from lumira.repositories.orders import orders

#: Events that one page looks at, if no index finds those that are wanted.
SCANNED = 20_000
#: States of few events, which an index finds.
_INDEXED = (EventStatus.FAILED, EventStatus.PARKED, EventStatus.RECEIVED)
_COLUMNS = (
    WebhookEvent.id,
    WebhookEvent.stripe_event_id,
    WebhookEvent.type,
    WebhookEvent.status,
    WebhookEvent.reason,
    WebhookEvent.attempts,
    WebhookEvent.last_error,
    WebhookEvent.received_at,
    WebhookEvent.order_id,
    WebhookEvent.payload_removed_at,
)


@dataclass(frozen=True, slots=True)
class EventCriteria:
    """Which events are wanted; `None` for any.

    `first` and `last` are ids that bound them, both included; `before` is the id that they stand before.
    `stripe_event_ids` are wanted besides those of `order_ids`.
    """

    status: EventStatus | None = None
    type: str | None = None
    order_ids: Sequence[UUID] | None = None
    stripe_event_ids: Sequence[str] = ()
    first: UUID | None = None
    last: UUID | None = None
    before: UUID | None = None
    has_payload: bool = False


@dataclass(frozen=True, slots=True)
class ListedEvent:
    """One event without its payload."""

    id: UUID
    stripe_event_id: str
    type: str
    status: EventStatus
    reason: str | None
    attempts: int
    last_error: str | None
    received_at: datetime
    order_id: UUID | None
    payload_removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LookedAt:
    """Where a page stopped that looked at as many events as it may: the last one, and when it was received."""

    id: UUID
    received_at: datetime


def list_page(tenant_id: int, wanted: EventCriteria, *, limit: int) -> list[ListedEvent]:
    """List the newest of the events that are wanted, among `SCANNED` if no index finds them."""
    found = _select(tenant_id, wanted)
    rows = db.session.execute(found.limit(constant(limit)))
    return [ListedEvent(*row) for row in rows]


def _select(tenant_id: int, wanted: EventCriteria) -> Select[*tuple[Any, ...]]:
    query = select(*_COLUMNS).where(*_bounds(tenant_id, wanted))
    if wanted.order_ids is not None:
        # Found first: planned with the list, all events might be read, the newest first.
        named = WebhookEvent.order_id == func.any(list(wanted.order_ids))
        if wanted.stripe_event_ids:
            named |= WebhookEvent.stripe_event_id == func.any(list(wanted.stripe_event_ids))
        found = query.where(named).cte("of_orders").prefix_with("MATERIALIZED")
        return select(found).where(*_filters(found.c, wanted)).order_by(found.c.id.desc())
    if is_scanned(wanted):
        looked_at = query.order_by(WebhookEvent.id.desc()).limit(constant(SCANNED)).subquery()
        return select(looked_at).where(*_filters(looked_at.c, wanted)).order_by(looked_at.c.id.desc())
    return query.where(*_filters(table_of(WebhookEvent).c, wanted)).order_by(WebhookEvent.id.desc())


def is_scanned(wanted: EventCriteria) -> bool:
    """Whether no index finds the events that are wanted."""
    if wanted.order_ids is not None or wanted.status in _INDEXED:
        return False
    return wanted.status is not None or wanted.type is not None or wanted.has_payload


def _bounds(tenant_id: int, wanted: EventCriteria) -> list[ColumnElement[bool]]:
    """Bound the ids: they sort by arrival, and every month has an index of them."""
    bounds = [WebhookEvent.tenant_id == tenant_id]
    if wanted.first is not None:
        bounds.append(WebhookEvent.id >= wanted.first)
    if wanted.last is not None:
        bounds.append(WebhookEvent.id <= wanted.last)
    if wanted.before is not None:
        bounds.append(WebhookEvent.id < wanted.before)
    return bounds


def _filters(columns: Any, wanted: EventCriteria) -> list[ColumnElement[bool]]:
    filters = []
    if wanted.status is not None:
        filters.append(columns.status == constant(wanted.status))
    if wanted.type is not None:
        filters.append(columns.type == wanted.type)
    if wanted.has_payload:
        filters.append(columns.payload_removed_at.is_(None))
    return filters


def find_stop(tenant_id: int, wanted: EventCriteria) -> LookedAt | None:
    """Return the last event that `list_page` looked at; `None` if it looked at all of them."""
    if not is_scanned(wanted):
        return None
    query = select(WebhookEvent.id, WebhookEvent.received_at).where(*_bounds(tenant_id, wanted))
    row = db.session.execute(
        query.order_by(WebhookEvent.id.desc()).offset(constant(SCANNED - 1)).limit(constant(1))
    ).one_or_none()
    return None if row is None else LookedAt(*row)


def order_numbers(tenant_id: int, events: Sequence[ListedEvent]) -> dict[UUID, str]:
    """Return the numbers of the orders of these events, by the ids of the orders; no query without an order."""
    order_ids = {event.order_id for event in events if event.order_id is not None}
    return orders.numbers_by_id(tenant_id, order_ids)

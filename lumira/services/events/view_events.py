"""Stripe's events of a tenant: a page at a time, and one with what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.days import begin_of, end_of
from lumira.domain.order_search import SearchKind, SearchTerm, read_term
from lumira.errors import NotFound
from lumira.models import AuditEntry, EventStatus, Tenant, WebhookEvent
from lumira.models.columns import uuid7_from
from lumira.repositories.audit import audit
from lumira.repositories.audit.audit import AuditFilter
from lumira.repositories.events import event_lists, order_events, webhook_events
from lumira.repositories.events.event_lists import EventCriteria, ListedEvent, LookedAt
from lumira.repositories.operators import operator_roles
from lumira.repositories.orders import order_search, orders
from lumira.repositories.tenants import tenants

#: Events on one page.
PAGE = 50
#: What an event may name before it belongs to an order.
_AT_STRIPE = (
    SearchKind.PAYMENT,
    SearchKind.SESSION,
    SearchKind.CHARGE,
    SearchKind.REFUND,
    SearchKind.DISPUTE,
)


@dataclass(frozen=True, slots=True)
class EventSearch:
    """Which events are wanted: of the orders that the text names, in a state, of a type, received on these days."""

    text: str = ""
    status: EventStatus | None = None
    type: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """One page of events, newest first, the numbers of their orders, and the id for `before` of the next page.

    `only` is the one event that the text names. `looked_at` is where the page stopped, if it has looked at as many
    events as it may: the next page looks further back.
    """

    events: Sequence[ListedEvent]
    order_numbers: Mapping[UUID, str]
    next: UUID | None
    only: str | None = None
    looked_at: LookedAt | None = None
    #: How many orders were searched, if the text may name more.
    searched: int | None = None


@dataclass(frozen=True, slots=True)
class EventView:
    """One event with its order's number, and what was done about it.

    `actions` are those of operators, newest first, and the recovery of an event that no webhook delivered.
    """

    tenant: Tenant
    event: WebhookEvent
    order_number: str | None
    actions: Sequence[AuditEntry]
    #: The addresses of the team by their names in the audit log.
    operators: Mapping[str, str]


def list_events(tenant_id: int, search: EventSearch) -> EventPage:
    """Return one page of the events that are wanted."""
    with atomic(tenant_id):
        term = read_term(search.text)
        if term is not None and term.kind is SearchKind.EVENT:
            return _find_only(tenant_id, term)
        wanted = criteria_of(tenant_id, search, term)
        found = event_lists.list_page(tenant_id, wanted, limit=PAGE + 1)
        events, stop = found[:PAGE], None
        following = events[-1].id if len(found) > PAGE else None
        if following is None:
            stop = event_lists.find_stop(tenant_id, wanted)
            following = None if stop is None else stop.id
        return EventPage(
            events,
            event_lists.order_numbers(tenant_id, events),
            following,
            looked_at=stop,
            searched=order_search.searched_of(wanted.order_ids),
        )


def _find_only(tenant_id: int, term: SearchTerm) -> EventPage:
    event = webhook_events.find_event(tenant_id, term.text)
    return EventPage([], {}, None, only=None if event is None else event.stripe_event_id)


def criteria_of(tenant_id: int, search: EventSearch, term: SearchTerm | None) -> EventCriteria:
    """Return what a search asks for, with its days in the tenant's zone; inside the caller's transaction."""
    zone = ZoneInfo(tenants.get(tenant_id).time_zone)
    return EventCriteria(
        status=search.status,
        type=search.type or None,
        order_ids=None if term is None else order_search.newest_ids(tenant_id, term),
        stripe_event_ids=_stuck(tenant_id, term),
        # No event has the smallest id of a day, so that it also bounds the day before.
        first=uuid7_from(begin_of(search.first_day, zone)) if search.first_day else None,
        last=uuid7_from(end_of(search.last_day, zone)) if search.last_day else None,
        before=search.before,
    )


def _stuck(tenant_id: int, term: SearchTerm | None) -> list[str]:
    """The events that name an id of Stripe's and are not processed: they belong to no order yet."""
    if term is None or term.kind not in _AT_STRIPE:
        return []
    return [event.stripe_event_id for event in order_events.list_stuck(tenant_id, [term.text])]


def view_event(tenant_id: int, reference: str) -> EventView:
    """Return one event, by Stripe's id or Lumira's; raises `NotFound`."""
    with atomic(tenant_id):
        event = webhook_events.find_event(tenant_id, reference)
        if event is None:
            raise NotFound(f"There is no event {reference}.")
        order = orders.get_order(tenant_id, str(event.order_id)) if event.order_id else None
        return EventView(
            tenant=tenants.get(tenant_id),
            event=event,
            order_number=order.order_number if order else None,
            actions=[
                entry
                for event_id in (event.id, event.stripe_event_id)
                for entry in audit.list_entries(tenant_id, AuditFilter(subject=f"event:{event_id}"))
            ],
            operators=operator_roles.addresses_by_actor(tenant_id),
        )

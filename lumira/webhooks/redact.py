"""Removing erased buyers from events, before the events are processed."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from lumira.models import Order, Tenant, WebhookEvent
from lumira.repositories.customers import erasure_registry
from lumira.webhooks.parsed_event import ParsedEvent, parse_event


def redact_erased(
    tenant: Tenant,
    events: Sequence[WebhookEvent],
    parsed: Mapping[UUID, ParsedEvent],
    order_of: Mapping[UUID, Order],
) -> Mapping[UUID, ParsedEvent]:
    """Remove personal data of erased buyers from the events; returns the events parsed as they are then.

    Does nothing for a tenant that has never erased a buyer. An order is checked too, because it may have been erased
    between loading the tenant and locking the order.
    """
    if tenant.last_erasure_at is None and not any(order.erased_at for order in order_of.values()):
        return parsed
    payloads = {event.id: event.payload for event in events}
    erasure_registry.redact_events(tenant.id, events, {event.id: order_of.get(event.id) for event in events})
    # A handler must not read what was just removed.
    redacted = [event for event in events if event.payload is not payloads[event.id]]
    return {**parsed, **{event.id: parse_event(event) for event in redacted}}

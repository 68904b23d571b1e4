"""Finding and locking the orders of a batch of events: three queries and a lock, however many events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from lumira.models import Order, Tenant
from lumira.repositories.orders import orders
from lumira.webhooks.parsed_event import ParsedEvent
from lumira.webhooks.references import Reference


def lock_orders_of(tenant: Tenant, events: Iterable[ParsedEvent]) -> dict[UUID, Order]:
    """Lock the orders that these events belong to; returns them by the id of the event."""
    order_ids = _find_order_ids(
        tenant,
        {
            event.id: event.content.reference
            for event in events
            if event.content is not None and event.handler is not None
        },
    )
    locked = orders.lock_orders(tenant.id, set(order_ids.values()))
    return {event_id: locked[order_id] for event_id, order_id in order_ids.items() if order_id in locked}


def _find_order_ids(tenant: Tenant, references: Mapping[UUID, Reference]) -> dict[UUID, UUID]:
    """Return the order of each event: by its payment or session, else by the order number in its metadata."""
    by_payment = _find(
        orders.ids_by_payment, tenant.id, [reference.payment_intent_id for reference in references.values()]
    )
    by_session = _find(
        orders.ids_by_session, tenant.id, [reference.session_id for reference in references.values()]
    )
    by_object = {
        event_id: by_payment.get(reference.payment_intent_id) or by_session.get(reference.session_id)
        for event_id, reference in references.items()
    }
    numbers = {
        event_id: reference.order_number_for(tenant.slug) for event_id, reference in references.items()
    }
    by_number = _find(
        orders.ids_by_number,
        tenant.id,
        [numbers[event_id] for event_id, order_id in by_object.items() if order_id is None],
    )
    order_ids = {
        event_id: order_id or by_number.get(numbers[event_id]) for event_id, order_id in by_object.items()
    }
    return {event_id: order_id for event_id, order_id in order_ids.items() if order_id is not None}


def _find(
    find: Callable[[int, Sequence[str]], dict[str, UUID]], tenant_id: int, names: Iterable[str | None]
) -> Mapping[str | None, UUID]:
    """Return what `find` returns for these names, without a query if there are none."""
    present = [name for name in names if name is not None]
    order_ids: dict[str | None, UUID] = {}
    order_ids.update(find(tenant_id, present) if present else {})
    return order_ids

"""Process stored events again, by the decision of an operator."""

from collections.abc import Sequence
from uuid import UUID

from lumira.database import atomic, retried
from lumira.errors import NotFound
from lumira.errors.webhooks import PayloadRemoved
from lumira.models import AlertKind
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.events import webhook_events


@retried
def replay_events(tenant_id: int, event_ids: Sequence[UUID], *, actor: str) -> int:
    """Make these events due again from their first attempt; return how many have their payload. Safe to repeat."""
    with atomic(tenant_id):
        for event_id in event_ids:
            audit.record(tenant_id, actor=actor, action="event_replayed", subject=f"event:{event_id}")
        replayed = webhook_events.replay(tenant_id, event_ids)
        # An event that fails again raises a new alert.
        alerts.resolve_all(tenant_id, kind=AlertKind.EVENT_FAILED, subjects=replayed)
        return len(replayed)


def replay_event(tenant_id: int, reference: str, *, actor: str) -> None:
    """Make one event due again, by Stripe's id or Lumira's.

    Raises `NotFound`, and `PayloadRemoved`.
    """
    with atomic(tenant_id):
        event = webhook_events.find_event(tenant_id, reference)
    if event is None:
        raise NotFound(f"There is no event {reference}.")
    if not replay_events(tenant_id, [event.id], actor=actor):
        raise PayloadRemoved(
            f"The payload of {event.stripe_event_id} was removed: it cannot be processed again."
        )

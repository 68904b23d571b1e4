"""Watches how a tenant's events arrive and are processed: neither needs a call to Stripe.

A worker does it each minute, so an alert is raised at most a minute after its time.
"""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.repositories.alerts import conditions
from lumira.repositories.events import event_figures
from lumira.repositories.tenants import tenants

#: For so long every event of Stripe had to be fetched.
WEBHOOKS_MISSING_AFTER = timedelta(minutes=15)
#: For so long an event was not processed.
EVENT_WAITING_AFTER = timedelta(minutes=5)


def watch_webhooks(tenant_id: int) -> None:
    """Raise or resolve the alerts about webhooks that do not arrive and events that are not processed."""
    now = utc_now()
    with atomic(tenant_id):
        slug = tenants.get(tenant_id).slug
        since = {
            AlertKind.WEBHOOKS_MISSING: event_figures.find_undelivered_since(tenant_id),
            AlertKind.EVENT_WAITING: event_figures.find_longest_due(tenant_id),
        }
        longest = {
            AlertKind.WEBHOOKS_MISSING: WEBHOOKS_MISSING_AFTER,
            AlertKind.EVENT_WAITING: EVENT_WAITING_AFTER,
        }
        for kind, began_at in since.items():
            conditions.note(
                tenant_id,
                kind=kind,
                subject=slug,
                is_true=began_at is not None and began_at <= now - longest[kind],
                since=began_at.isoformat(timespec="minutes") if began_at else None,
            )

"""Watches whether paid orders are shipped within the days of the shop. Needs no call to Stripe."""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.repositories.alerts import conditions
from lumira.repositories.fulfilment import shipments
from lumira.repositories.tenants import tenants


def watch_shipments(tenant_id: int) -> None:
    """Raise the alert about orders that are shipped late, or resolve it: one alert, however many orders wait.

    It reads one row: the oldest order to ship is late if any is.
    """
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        oldest = shipments.find_longest_to_ship(tenant_id) if tenant.ship_within_days else None
        latest = utc_now() - timedelta(days=tenant.ship_within_days)
        conditions.note(
            tenant_id,
            kind=AlertKind.ORDER_UNSHIPPED,
            subject=tenant.slug,
            is_true=oldest is not None and oldest.paid_at < latest,
            oldest=oldest.order_number if oldest else None,
            since=oldest.paid_at.isoformat(timespec="minutes") if oldest else None,
        )

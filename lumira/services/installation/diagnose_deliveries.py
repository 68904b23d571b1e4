"""Diagnose how Stripe's newest events arrived: delivered, refused, or fetched instead."""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import RefusalReason
from lumira.repositories.events import event_figures, refused_deliveries
from lumira.services.installation.findings import Finding, ok, warning

_DELIVERIES = "deliveries"
_REFUSALS_LOOKED_AT = timedelta(days=7)


def diagnose_deliveries(tenant_id: int, slug: str) -> Finding:
    """Return whether a stored secret verified the last delivery.

    No fault: anyone can send a delivery that is refused.
    """
    with atomic(tenant_id):
        newest = event_figures.find_deliveries(tenant_id)
        refusals = refused_deliveries.sum_up(tenant_id, utc_now() - _REFUSALS_LOOKED_AT)
    delivered_at = newest.last_delivered_at
    signatures = [each.last_at for each in refusals if each.reason is not RefusalReason.NO_EVENT]
    refused_at = max(signatures, default=None)
    if refused_at is not None and (delivered_at is None or refused_at > delivered_at):
        return warning(_DELIVERIES, "delivery_refused", tenant=slug, at=refused_at)
    if delivered_at is not None:
        return ok(_DELIVERIES, "delivery_accepted", tenant=slug, at=delivered_at)
    if newest.recovered:
        return warning(_DELIVERIES, "delivery_missing", tenant=slug, number=newest.recovered)
    return ok(_DELIVERIES, "delivery_none", tenant=slug)

"""The alerts of a tenant, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.list_position import Position
from lumira.models import AlertKind
from lumira.repositories.alerts import alert_orders, alerts
from lumira.repositories.alerts.alert_orders import AlertOfOrder
from lumira.repositories.operators import operator_roles

#: Alerts on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class AlertPage:
    """One page of alerts, newest first, and where the next one begins.

    `operators` has the addresses of the team by their names in the audit log.
    """

    alerts: Sequence[AlertOfOrder]
    operators: Mapping[str, str]
    next: Position | None


def view_alerts(
    tenant_id: int,
    *,
    is_resolved: bool = False,
    kind: AlertKind | None = None,
    before: Position | None = None,
) -> AlertPage:
    """Return one page of the open alerts, or of the resolved ones."""
    with atomic(tenant_id):
        found = alerts.list_page(tenant_id, is_resolved=is_resolved, kind=kind, before=before, limit=PAGE + 1)
        listed = found[:PAGE]
        last = listed[-1] if len(found) > PAGE else None
        return AlertPage(
            alerts=alert_orders.with_orders(tenant_id, listed),
            operators=operator_roles.addresses_by_actor(tenant_id),
            next=Position((last.resolved_at if is_resolved else None) or last.raised_at, last.id)
            if last
            else None,
        )

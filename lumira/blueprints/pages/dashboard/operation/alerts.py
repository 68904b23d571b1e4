"""Alerts of a shop: what needs an operator, who takes care of it, and what was resolved."""

from uuid import UUID

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position, sent
from lumira.blueprints.pages.dashboard.replies import done, language, page, page_before
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.pages.dashboard.alert_page import KINDS, AlertsPage, kind_of
from lumira.services.tenants.acknowledge_alert import acknowledge_alert
from lumira.services.tenants.resolve_alert import resolve_alert
from lumira.services.tenants.view_alerts import view_alerts

_RESOLVED = "resolved"


@dashboard.page("/alerts", may=Role.VIEWER)
def show() -> Response:
    """The open alerts, or the resolved ones, of all kinds or one."""
    filters = {"state": _RESOLVED if sent("state") == _RESOLVED else "", "kind": sent("kind")}
    found = view_alerts(
        visit.shop().tenant_id,
        is_resolved=bool(filters["state"]),
        kind=kind_of(filters["kind"]),
        before=position(),
    )
    path = f"{visit.shop().path}/alerts"
    return page(
        "alerts.html.jinja",
        shown=AlertsPage(found, language()),
        filters=filters,
        kinds=KINDS,
        path=path,
        pager=pager(path, filters, found.next),
    )


@dashboard.page("/alerts/<uuid:alert_id>/acknowledge", may=Role.OWNER, methods=["POST"])
def acknowledge(alert_id: UUID) -> Response:
    """Take care of an alert."""
    is_first = acknowledge_alert(visit.shop().tenant_id, alert_id, actor=visit.operator().actor)
    return done("alerts.acknowledged" if is_first else "alerts.acknowledged_before", to=page_before())


@dashboard.page("/alerts/<uuid:alert_id>/resolve", may=Role.OWNER, methods=["POST"])
def resolve(alert_id: UUID) -> Response:
    """Mark an alert as resolved."""
    resolve_alert(visit.shop().tenant_id, alert_id, actor=visit.operator().actor)
    return done("alerts.resolved", to=page_before())

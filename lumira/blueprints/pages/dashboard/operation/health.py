"""The health of a shop's webhook endpoint: how events arrive, how long they take, and what needs a look."""

from zoneinfo import ZoneInfo

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import sent
from lumira.blueprints.pages.dashboard.replies import language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.clock import utc_now
from lumira.domain.operators import Role
from lumira.pages.dashboard.health_page import HealthPage, span_of
from lumira.repositories.tenants.overview import MOST_COUNTED
from lumira.services.events.view_health import Span, view_health


@dashboard.page("/webhooks/health", may=Role.VIEWER)
def show() -> Response:
    """The state of the endpoint, and the events of the last hours or days."""
    span = span_of(sent("by"))
    shop = visit.shop()
    health = view_health(shop.tenant_id, span)
    return page(
        "health.html.jinja",
        shown=HealthPage(health, span, ZoneInfo(shop.time_zone), language(), utc_now()),
        health=health,
        spans=tuple(Span),
        most_counted=MOST_COUNTED,
        path=f"{shop.path}/webhooks",
    )

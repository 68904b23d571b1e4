"""The first page of a shop: what needs an operator, and the figures of a period."""

from datetime import date
from http import HTTPStatus

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import read_day
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.errors import InvalidRequest, LumiraError
from lumira.pages.dashboard.overview_page import OverviewPage
from lumira.pages.dashboard.rendering import explain
from lumira.repositories.tenants.overview import MOST_COUNTED
from lumira.services.orders.view_overview import view_overview
from lumira.webhooks.replay_events import replay_event


@dashboard.page("", may=Role.VIEWER)
def show() -> Response:
    """Alerts, waiting work, and the figures of the chosen days; of the last 30 by default."""
    tenant_id = visit.shop().tenant_id
    is_invalid = False
    try:
        found = view_overview(tenant_id, first_day=_read_day("from"), last_day=_read_day("to"))
    except (InvalidRequest, ValueError):
        found, is_invalid = view_overview(tenant_id), True
    return page(
        "overview.html.jinja",
        HTTPStatus.BAD_REQUEST if is_invalid else HTTPStatus.OK,
        overview=found,
        shown=OverviewPage(found),
        is_invalid=is_invalid,
        most_counted=MOST_COUNTED,
    )


@dashboard.page("/events/<event_id>/replay", may=Role.OWNER, methods=["POST"])
def replay(event_id: str) -> Response:
    """Process an event again."""
    shop = visit.shop()
    try:
        replay_event(shop.tenant_id, checked_reference(event_id), actor=visit.operator().actor)
    except LumiraError as error:
        return failed("overview.refused", to=shop.path, why=explain(error, language()))
    return done("overview.replayed", to=shop.path)


def _read_day(name: str) -> date | None:
    """A day of the query string; `ValueError` if it is malformed."""
    text = request.args.get(name, "")
    if not text:
        return None
    day = read_day(text[:20])
    if day is None:
        raise ValueError(text)
    return day

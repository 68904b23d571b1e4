"""The first page of a shop: what needs an operator."""

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.services.tenants.view_open_alerts import view_open_alerts


@dashboard.page("", may=Role.VIEWER)
def show() -> Response:
    """The open alerts."""
    return page("overview.html.jinja", alerts=view_open_alerts(visit.shop().tenant_id))

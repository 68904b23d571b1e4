"""`/dashboard`: leads to the operator's shop, or lets the operator choose one."""

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard


@dashboard.entrance("")
def show() -> Response:
    """The only shop, or the list of shops."""
    shops = visit.current().shops
    return redirect_to(shops[0].home) if len(shops) == 1 else page("shops.html.jinja")

"""Disputes of a shop: what to send until when, and what became of the closed ones."""

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position, sent
from lumira.blueprints.pages.dashboard.replies import language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.pages.dashboard.dispute_page import DisputesPage
from lumira.services.orders.view_disputes import view_disputes

_CLOSED = "closed"


@dashboard.page("/disputes", may=Role.VIEWER)
def show() -> Response:
    """The open inquiries and disputes, the nearest due date first; or the closed ones with their result."""
    is_closed = sent("state") == _CLOSED
    found = view_disputes(visit.shop().tenant_id, is_closed=is_closed, after=position())
    path = f"{visit.shop().path}/disputes"
    return page(
        "disputes.html.jinja",
        shown=DisputesPage(found, language()),
        is_closed=is_closed,
        path=path,
        pager=pager(path, {"state": _CLOSED if is_closed else ""}, found.next),
    )

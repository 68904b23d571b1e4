"""Errors of the program that occurred at a shop."""

from flask import Response

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position, sent
from lumira.blueprints.pages.dashboard.replies import page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.services.program_errors.view_errors import view_tenant_errors

_RESOLVED = "resolved"


@dashboard.page("/errors", may=Role.OWNER)
def show() -> Response:
    """The open or the resolved errors, the last one to occur first."""
    is_resolved = sent("state") == _RESOLVED
    found = view_tenant_errors(visit.shop().tenant_id, is_resolved=is_resolved, before=position())
    path = f"{visit.shop().path}/errors"
    return page(
        "program_errors.html.jinja",
        found=found,
        is_resolved=is_resolved,
        path=path,
        pager=pager(path, {"state": _RESOLVED if is_resolved else ""}, found.next),
    )

"""The audit log of a shop: who did what, as a list and as CSV, and whether it was changed."""

from http import HTTPStatus
from urllib.parse import urlencode

from flask import Response, abort, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import AFTER, pager, read_days, sent
from lumira.blueprints.pages.dashboard.replies import csv_file, done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.formats import parse_uuid
from lumira.pages.dashboard.audit_page import EntriesPage
from lumira.services.audit.export_entries import export_entries
from lumira.services.audit.verify_newest import MOST, verify_newest
from lumira.services.audit.view_entries import AuditSearch, view_entries

#: The filters, which stay in the URL.
_FILTERS = ("action", "actor", "subject", "from", "to")


@dashboard.page("/audit", may=Role.OWNER)
def show() -> Response:
    """One page of the entries, newest first, and the state of the chain."""
    search, filters, is_invalid = _read_search()
    found = view_entries(visit.shop().tenant_id, search)
    path = _path()
    kept = {name: value for name, value in filters.items() if value}
    return page(
        "audit.html.jinja",
        HTTPStatus.BAD_REQUEST if is_invalid else HTTPStatus.OK,
        shown=EntriesPage(found, language()),
        filters=filters,
        has_invalid_day=is_invalid,
        most=MOST,
        path=path,
        pager=pager(path, filters, found.next),
        export=f"{path}/export?{urlencode(kept)}",
    )


@dashboard.page("/audit/export", may=Role.OWNER, recent=True, download=True)
def export() -> Response:
    """The entries of the list as CSV, sent while they are read."""
    search, _, is_invalid = _read_search()
    if is_invalid:
        abort(HTTPStatus.BAD_REQUEST)
    parts = export_entries(visit.shop().tenant_id, search, language(), actor=visit.operator().actor)
    return csv_file(parts, "audit")


@dashboard.page("/audit/verify", may=Role.OWNER, methods=["POST"], reading=True)
def verify() -> Response:
    """Verify the newest sealed entries, and say what was verified."""
    verified = verify_newest(visit.shop().tenant_id, actor=visit.operator().actor)
    counts = {"links": str(verified.result.links), "sealed": str(verified.sealed)}
    errors = verified.result.errors
    if errors:
        return failed("audit.changed", to=_path(), **counts, errors=str(len(errors)), first=errors[0])
    return done("audit.verified", to=_path(), **counts)


def _path() -> str:
    return f"{visit.shop().path}/audit"


def _read_search() -> tuple[AuditSearch, dict[str, str], bool]:
    """What the query string asks for, its filters, and whether a day in it is malformed."""
    filters = {name: sent(name) for name in _FILTERS}
    (first, last), is_invalid = read_days(filters)
    search = AuditSearch(
        action=filters["action"] or None,
        actor=filters["actor"] or None,
        subject=filters["subject"] or None,
        first_day=first,
        last_day=last,
        before=parse_uuid(request.args.get(AFTER, "")),
    )
    return search, filters, is_invalid

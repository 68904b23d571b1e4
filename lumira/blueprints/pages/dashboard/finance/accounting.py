"""The accounting export of a shop: figures of a period, CSV files, and files that a worker prepares."""

from collections.abc import Mapping
from datetime import date, timedelta
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import Response, abort, request

from lumira.blueprints.http.streaming import Streamed, stream
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import read_day
from lumira.blueprints.pages.dashboard.replies import csv_file, done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.clock import utc_now
from lumira.countries import name_of
from lumira.domain import eu_sales
from lumira.domain.csv_headings import CsvFile
from lumira.domain.operators import Role
from lumira.errors import InvalidPeriod, LumiraError
from lumira.pages.dashboard.rendering import explain
from lumira.services.accounting.export_csv import export_csv
from lumira.services.accounting.period import Period
from lumira.services.accounting.request_file import list_files, open_file, request_file
from lumira.services.accounting.view_accounting import view_accounting


@dashboard.page("/accounting", may=Role.VIEWER)
def show() -> Response:
    """The figures of a period, by default this month until yesterday, with the files that exist."""
    tenant_id, periods = visit.shop().tenant_id, _periods()
    period = _read_period(request.args) if "from" in request.args else periods["this_month"]
    view = None
    if period is not None:
        try:
            view = view_accounting(tenant_id, period)
        except InvalidPeriod:
            period = None
    return page(
        "accounting.html.jinja",
        HTTPStatus.OK if period else HTTPStatus.BAD_REQUEST,
        view=view,
        period=period,
        periods=periods,
        sent={name: request.args.get(name, "")[:10] for name in ("from", "to")},
        files=list_files(tenant_id),
        csv_files=tuple(CsvFile),
        country=lambda code: name_of(code, str(language())),
        threshold=eu_sales.THRESHOLD,
        path=_path(),
    )


@dashboard.page("/accounting/<what>.csv", may=Role.VIEWER, download=True)
def export(what: str) -> Response:
    """One of the CSV files of a period, sent while it is read."""
    period = _read_period(request.args)
    if what not in tuple(CsvFile):
        abort(HTTPStatus.NOT_FOUND)
    if period is None:
        abort(HTTPStatus.BAD_REQUEST)
    parts = export_csv(
        visit.shop().tenant_id, CsvFile(what), period, language(), actor=visit.operator().actor
    )
    return csv_file((part for part, _ in parts), f"{what}-{period.first}-{period.last}")


@dashboard.page("/accounting/files", may=Role.OWNER, methods=["POST"])
def prepare() -> Response:
    """Request a file of a period that a worker prepares."""
    period = _read_period(request.form)
    if period is None:
        abort(HTTPStatus.BAD_REQUEST)
    back = f"{_path()}?from={period.first}&to={period.last}"
    shop, kind = visit.shop(), request.form.get("kind", "")
    try:
        is_new = request_file(shop.tenant_id, kind, period, language(), actor=visit.operator().actor)
    except LumiraError as error:
        return failed("accounting.refused", to=back, reason=explain(error, language()))
    return done("accounting.requested" if is_new else "accounting.already", to=back)


@dashboard.page("/accounting/files/<uuid:file_id>", may=Role.VIEWER, download=True)
def download(file_id: UUID) -> Response:
    """A file that was prepared."""
    opened = open_file(visit.shop().tenant_id, file_id)
    return stream(
        Streamed(
            size=opened.size,
            sha256=opened.sha256,
            content_type=opened.content_type,
            disposition=opened.disposition,
            read=opened.read,
        )
    )


def _path() -> str:
    return f"{visit.shop().path}/accounting"


def _read_period(sent: Mapping[str, str]) -> Period | None:
    """The days that were sent; `None` if one is missing or malformed."""
    first, last = read_day(sent.get("from", "")), read_day(sent.get("to", ""))
    return None if first is None or last is None else Period(first, last)


def _periods() -> dict[str, Period]:
    """The periods that are one click away, by the names of their texts; the first one is shown without a choice."""
    today = utc_now().astimezone(ZoneInfo(visit.shop().time_zone)).date()
    # Today is not complete: no entries of it could be exported.
    yesterday = today - timedelta(days=1)
    month_before = yesterday.replace(day=1) - timedelta(days=1)
    year = yesterday.year
    return {
        "this_month": Period(yesterday.replace(day=1), yesterday),
        "last_month": Period(month_before.replace(day=1), month_before),
        "this_year": Period(date(year, 1, 1), yesterday),
        "last_year": Period(date(year - 1, 1, 1), date(year - 1, 12, 31)),
    }

"""The orders of a shop: found by one text and filters, in pages, and as CSV."""

from http import HTTPStatus
from urllib.parse import urlencode

from flask import Response, abort, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import read_days
from lumira.blueprints.pages.dashboard.replies import csv_file, language, page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.domain.order_search import MAX_LENGTH, OrderSearch, SearchKind
from lumira.formats import parse_uuid
from lumira.pages.dashboard.texts import TEXTS
from lumira.services.orders.export_orders import export_orders
from lumira.services.orders.search_orders import FoundOrders, search_orders

#: The filters, which stay in the URL.
_FILTERS = ("q", "status", "product", "from", "to")


@dashboard.page("/orders", may=Role.VIEWER)
def show() -> Response:
    """One page of the orders; the order itself if the text is its number or an id of Stripe."""
    search, invalid = _read_search()
    if invalid:
        return _list_page(None, HTTPStatus.BAD_REQUEST)
    found = search_orders(visit.shop().tenant_id, search)
    only = _only_one(found)
    if only is not None:
        return redirect_to(f"{visit.shop().path}/orders/{only}")
    return _list_page(found, HTTPStatus.OK)


@dashboard.page("/orders/export", may=Role.OWNER, recent=True, download=True)
def export() -> Response:
    """The orders of the list as CSV, sent while they are read."""
    search, invalid = _read_search()
    if invalid:
        abort(HTTPStatus.BAD_REQUEST)
    parts = export_orders(visit.shop().tenant_id, search, language(), actor=visit.operator().actor)
    return csv_file((part for part, _ in parts), "orders")


def _only_one(found: FoundOrders) -> str | None:
    """The number of the order that the text names: what has one id needs no list."""
    is_id = found.term is not None and found.term.kind not in (SearchKind.NAME, SearchKind.EMAIL)
    return found.orders[0].order_number if is_id and len(found.orders) == 1 else None


def _list_page(found: FoundOrders | None, status: HTTPStatus) -> Response:
    filters = {name: request.args.get(name, "")[:MAX_LENGTH] for name in _FILTERS}
    kept = {name: value for name, value in filters.items() if value}
    path = f"{visit.shop().path}/orders"
    following = found.next if found else None
    return page(
        "orders.html.jinja",
        status,
        orders=found.orders if found else [],
        products=found.products if found else [],
        has_invalid_day=found is None,
        filters=filters,
        is_filtered=bool(kept),
        is_first="after" not in request.args,
        path=path,
        first=f"{path}?{urlencode(kept)}" if kept else path,
        next=f"{path}?{urlencode(kept | {'after': str(following)})}" if following else None,
        export=f"{path}/export?{urlencode(kept)}",
    )


def _read_search() -> tuple[OrderSearch, bool]:
    """What the query string asks for, and whether a day in it is malformed. An unknown status finds all orders."""
    sent = {name: request.args.get(name, "")[:MAX_LENGTH].replace("\x00", "") for name in _FILTERS}
    (first, last), is_invalid = read_days(sent)
    search = OrderSearch(
        text=sent["q"],
        status=sent["status"] if sent["status"] in TEXTS[language()]["orders"]["statuses"] else None,
        product_id=sent["product"].strip() or None,
        first_day=first,
        last_day=last,
        after=parse_uuid(request.args.get("after", "")),
    )
    return search, is_invalid

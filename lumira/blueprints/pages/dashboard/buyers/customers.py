"""The customers of a shop: found by one text, in pages."""

from urllib.parse import urlencode

from flask import Response, request

from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import page, redirect_to
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.domain.operators import Role
from lumira.domain.order_search import MAX_LENGTH, SearchKind
from lumira.formats import parse_uuid
from lumira.services.customers.search_customers import FoundCustomers, search_customers


@dashboard.page("/customers", may=Role.VIEWER)
def show() -> Response:
    """One page of the customers; the customer if the text is an address, an order number or an id."""
    text = request.args.get("q", "").replace("\x00", "").strip()[:MAX_LENGTH]
    before = parse_uuid(request.args.get("before", ""))
    found = search_customers(visit.shop().tenant_id, text, before=before)
    path = f"{visit.shop().path}/customers"
    only = _only_one(found)
    if only is not None:
        return redirect_to(f"{path}/{only}")
    kept = {"q": text} if text else {}
    return page(
        "customers.html.jinja",
        found=found.customers,
        text=text,
        path=path,
        is_first=before is None,
        first=f"{path}?{urlencode(kept)}" if kept else path,
        next=f"{path}?{urlencode(kept | {'before': str(found.next)})}" if found.next else None,
    )


def _only_one(found: FoundCustomers) -> str | None:
    """The id of the customer whom the text names: what has one owner needs no list."""
    is_id = found.term is not None and found.term.kind is not SearchKind.NAME
    return str(found.customers[0].customer.id) if is_id and len(found.customers) == 1 else None

"""Find orders for an operator: by one text, and by status, period and product."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from lumira.database import atomic
from lumira.domain.commands import OrderFilter
from lumira.domain.days import begin_of, end_of
from lumira.domain.order_search import OrderSearch, SearchTerm, read_term
from lumira.models import Order, Product, Tenant
from lumira.repositories.catalog import products
from lumira.repositories.orders import order_lists, order_search
from lumira.repositories.tenants import tenants

#: Orders on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class FoundOrders:
    """One page of orders, newest first, what the text names, and the id for `after` of the next page."""

    tenant: Tenant
    #: All products of the tenant, to filter by.
    products: list[Product]
    orders: list[Order]
    term: SearchTerm | None
    next: UUID | None


def search_orders(tenant_id: int, search: OrderSearch, *, limit: int = PAGE) -> FoundOrders:
    """Return one page of the orders that match the text and every filter, with their lines and payments."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        term = read_term(search.text)
        found, following = order_lists.list_orders(
            tenant_id,
            filter_of(search, ZoneInfo(tenant.time_zone), limit=limit),
            rows=order_lists.SHOWN,
            also=condition_of(tenant_id, term),
        )
        return FoundOrders(tenant, products.list_all(tenant_id), found, term, following)


def condition_of(tenant_id: int, term: SearchTerm | None) -> ColumnElement[bool] | None:
    """Return which orders a text names; `None` for all. Inside the caller's transaction."""
    return None if term is None else order_search.condition(tenant_id, term)


def filter_of(search: OrderSearch, zone: ZoneInfo, *, limit: int) -> OrderFilter:
    """Return the filter of a search; its days begin and end at midnight in this zone."""
    first, last = search.first_day, search.last_day
    # The filter leaves out the times themselves: an order of midnight belongs to the day that begins.
    after = begin_of(first, zone) - timedelta(microseconds=1) if first else None
    before = end_of(last, zone) if last else None
    return OrderFilter(
        status=search.status,
        product_id=search.product_id,
        created_after=after,
        created_before=before,
        after=search.after,
        limit=limit,
    )

"""Lists of orders: those of a tenant by filters, and the purchases of a customer."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import QueryableAttribute

from lumira.database import constant, db
from lumira.domain import order_status
from lumira.domain.commands import OrderFilter
from lumira.errors import InvalidRequest
from lumira.models import Order, OrderLine, OrderStatus, email_key
from lumira.models.columns import uuid7_from
from lumira.repositories.orders import orders, sale_mode

#: The rows that an order in a list shows: its products, and which payment settles it.
SHOWN = (Order.lines, Order.payments)
#: By how much a row's id and its `created_at` may differ, where the clock is set between them.
_CLOCK_STEP = timedelta(hours=1)
#: Purchases on one page of the buyer's portal.
_PORTAL_PAGE = 50


def list_orders(
    tenant_id: int,
    criteria: OrderFilter,
    *,
    rows: Sequence[QueryableAttribute[Any]] = orders.WHOLE,
    also: ColumnElement[bool] | None = None,
) -> tuple[list[Order], UUID | None]:
    """Return one page of orders, newest first, and the id for `after` of the next page; `None` on the last page.

    Rows of the kinds in `rows` are loaded with them; `also` is a further condition. Ids are UUIDv7, so that their
    order is that of creation.
    """
    if criteria.limit < 1:
        raise InvalidRequest("A page holds at least one order.")
    query = _filtered(select(Order), tenant_id, criteria).order_by(Order.id.desc())
    if also is not None:
        query = query.where(also)
    found = db.session.execute(query.limit(constant(criteria.limit + 1))).scalars().all()
    page = list(orders.load_rows(tenant_id, found[: criteria.limit], rows))
    return page, (page[-1].id if len(found) > criteria.limit else None)


def _filtered(query: Select[Any], tenant_id: int, criteria: OrderFilter) -> Select[Any]:
    query = query.where(Order.tenant_id == tenant_id)
    if criteria.status is not None:
        query = query.where(Order.status == constant(OrderStatus(criteria.status)))
    if criteria.customer_email is not None:
        query = query.where(Order.email_key == email_key(criteria.customer_email))
    # The ids bound how many orders are read: without them, all newer ones than the wanted time.
    if criteria.created_after is not None:
        query = query.where(
            Order.created_at > criteria.created_after,
            Order.id > uuid7_from(criteria.created_after, shifted=-_CLOCK_STEP),
        )
    if criteria.created_before is not None:
        query = query.where(
            Order.created_at < criteria.created_before,
            Order.id < uuid7_from(criteria.created_before, shifted=_CLOCK_STEP),
        )
    if criteria.updated_after is not None:
        query = query.where(Order.updated_at > criteria.updated_after)
    if criteria.product_id is not None:
        of_product = select(OrderLine.order_id).where(
            OrderLine.tenant_id == tenant_id, OrderLine.product_id == criteria.product_id
        )
        query = query.where(Order.id.in_(of_product))
    if criteria.after is not None:
        query = query.where(Order.id < criteria.after)
    return query


def list_of_customer(tenant_id: int, customer_id: UUID, page: int = 1) -> tuple[Sequence[Order], bool]:
    """Return one page of a customer's purchases, whole, newest first, and whether there is another page.

    Paid orders come before all others, because free and pending ones can be created in another buyer's name, in any
    number.
    """
    is_paid = (Order.amount > 0) & Order.completed_at.is_not(None)
    query = _purchases(select(Order), tenant_id, customer_id).order_by(None)
    query = query.order_by(is_paid.desc(), Order.id.desc())
    offset = (page - 1) * _PORTAL_PAGE
    rows = db.session.execute(query.offset(offset).limit(_PORTAL_PAGE + 1)).scalars().all()
    return orders.load_whole(tenant_id, rows[:_PORTAL_PAGE]), len(rows) > _PORTAL_PAGE


def newest_of_customer(tenant_id: int, customer_id: UUID) -> UUID | None:
    """Return the id of a customer's newest purchase that has an e-mail address; `None` if there is none."""
    query = _purchases(select(Order.id), tenant_id, customer_id).where(Order.customer_email.is_not(None))
    return db.session.execute(query.limit(1)).scalar_one_or_none()


def _purchases(query: Select[Any], tenant_id: int, customer_id: UUID) -> Select[Any]:
    own_line = select(OrderLine.id).where(
        OrderLine.tenant_id == Order.tenant_id, OrderLine.order_id == Order.id, ~OrderLine.is_repeated
    )
    return query.where(
        Order.tenant_id == tenant_id,
        Order.customer_id == customer_id,
        Order.status.in_(order_status.PURCHASED),
        sale_mode.counts(tenant_id),
        (Order.amount > 0) | own_line.exists(),
    ).order_by(Order.id.desc())

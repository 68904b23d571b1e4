"""Orders in lists: a tenant's own, and what one customer bought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from lumira.database import db
from lumira.errors import InvalidRequest
from lumira.models import Order, email_key
from lumira.models import OrderStatus as OrderStatus  # noqa: PLC0414 - who asks for a list names it
from lumira.repositories import orders

#: Purchases on one page of a buyer's.
_PAGE_OF_CUSTOMER = 50
#: What a buyer calls a purchase: not a try that came to nothing.
_BOUGHT = (
    OrderStatus.PROCESSING,
    OrderStatus.COMPLETED,
    OrderStatus.PARTIALLY_REFUNDED,
    OrderStatus.REFUNDED,
    OrderStatus.DISPUTED,
)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list; times are aware, `after` is the id of the last one seen."""

    status: OrderStatus | None = None
    customer_email: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    after: UUID | None = None
    limit: int = 50


def list_orders(tenant_id: int, wanted: OrderFilter) -> tuple[list[Order], UUID | None]:
    """Orders, newest first, and the id to go on from, `None` on the last page.

    Ids are UUIDv7, so that their order is the order in which the orders were opened.
    """
    query = select(Order).where(Order.tenant_id == tenant_id).order_by(Order.id.desc())
    if wanted.status is not None:
        query = query.where(Order.status == wanted.status)
    if wanted.customer_email is not None:
        query = query.where(Order.email_key == email_key(wanted.customer_email))
    if wanted.created_after is not None:
        query = query.where(Order.created_at > wanted.created_after)
    if wanted.created_before is not None:
        query = query.where(Order.created_at < wanted.created_before)
    if wanted.after is not None:
        query = query.where(Order.id < wanted.after)
    if wanted.limit < 1:
        raise InvalidRequest("A page holds at least one order.")
    found = db.session.execute(query.limit(wanted.limit + 1)).scalars().all()
    page = list(orders.load_whole(tenant_id, found[: wanted.limit]))
    return page, (page[-1].id if len(found) > wanted.limit else None)


def list_of_customer(tenant_id: int, customer_id: UUID, page: int = 1) -> tuple[Sequence[Order], bool]:
    """What one customer bought, whole, newest first, page by page; and whether there are more pages.

    What was paid for comes before all else: the rest anybody can order in another's name, as often as they like.
    """
    is_paid = (Order.amount > 0) & Order.completed_at.is_not(None)
    query = _bought(select(Order), tenant_id, customer_id).order_by(None)
    query = query.order_by(is_paid.desc(), Order.id.desc())
    first = (page - 1) * _PAGE_OF_CUSTOMER
    found = db.session.execute(query.offset(first).limit(_PAGE_OF_CUSTOMER + 1)).scalars().all()
    return orders.load_whole(tenant_id, found[:_PAGE_OF_CUSTOMER]), len(found) > _PAGE_OF_CUSTOMER


def newest_of_customer(tenant_id: int, customer_id: UUID) -> UUID | None:
    """Id of the last order of a customer that has an address to write to; `None` if there is none."""
    query = _bought(select(Order.id), tenant_id, customer_id).where(Order.customer_email.is_not(None))
    return db.session.execute(query.limit(1)).scalar_one_or_none()


def _bought(query: Select[Any], tenant_id: int, customer_id: UUID) -> Select[Any]:
    return query.where(
        Order.tenant_id == tenant_id, Order.customer_id == customer_id, Order.status.in_(_BOUGHT)
    ).order_by(Order.id.desc())

"""What a comparison with Dolibarr reads here, page by page. Inside the caller's transaction."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import and_, func, select

from lumira.database import constant, db
from lumira.models import CrmElement, CrmLink, CrmTask, Order
from lumira.repositories.orders import orders


def list_completed(tenant_id: int, *, after: UUID, limit: int) -> Sequence[Order]:
    """Return the next orders by id that were completed, whole and not locked."""
    return orders.list_whole(tenant_id, list_completed_ids(tenant_id, after=after, limit=limit))


def list_completed_ids(tenant_id: int, *, after: UUID, limit: int) -> list[UUID]:
    """Return the ids of the next orders by id that were completed."""
    query = (
        select(Order.id)
        .where(Order.tenant_id == tenant_id, Order.id > after, Order.completed_at.is_not(None))
        .order_by(Order.id)
        .limit(constant(limit))
    )
    return list(db.session.execute(query).scalars())


def count_completed(tenant_id: int, *, after: UUID) -> int:
    """Return how many orders after an id were completed."""
    query = select(func.count()).where(
        Order.tenant_id == tenant_id, Order.id > after, Order.completed_at.is_not(None)
    )
    return db.session.execute(query).scalar_one()


def list_links(tenant_id: int, order_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    """Return the subjects of the documents that are linked, by order."""
    query = select(CrmLink.order_id, CrmLink.subject).where(
        CrmLink.tenant_id == tenant_id, CrmLink.order_id.in_(list(order_ids)), CrmLink.unlinked_at.is_(None)
    )
    found: dict[UUID, set[str]] = {}
    for order_id, subject in db.session.execute(query):
        if order_id is not None:
            found.setdefault(order_id, set()).add(subject)
    return found


def list_noticed(tenant_id: int, *, after: UUID, limit: int) -> list[tuple[CrmLink, str | None]]:
    """Return the links of the next orders by id with records that staff deleted or edited, with order numbers."""
    is_noticed = and_(
        CrmLink.tenant_id == tenant_id, CrmLink.noticed.is_not(None), CrmLink.unlinked_at.is_(None)
    )
    order_ids = (
        select(CrmLink.order_id)
        .where(is_noticed, CrmLink.order_id > after)
        .group_by(CrmLink.order_id)
        .order_by(CrmLink.order_id)
        .limit(constant(limit))
    )
    query = (
        select(CrmLink, Order.order_number)
        .join(Order, (Order.tenant_id == CrmLink.tenant_id) & (Order.id == CrmLink.order_id))
        .where(is_noticed, CrmLink.order_id.in_(order_ids))
        .order_by(CrmLink.order_id, CrmLink.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def list_tasks(tenant_id: int, order_ids: Collection[UUID]) -> dict[tuple[UUID, str], CrmTask]:
    """Return what is still to be written, by order and subject."""
    query = select(CrmTask).where(CrmTask.tenant_id == tenant_id, CrmTask.order_id.in_(list(order_ids)))
    return {
        (task.order_id, task.subject): task
        for task in db.session.execute(query).scalars()
        if task.order_id is not None
    }


def find_first_id(tenant_id: int, element: CrmElement, *, since: UUID) -> int | None:
    """Return the lowest of Dolibarr's ids among the linked documents of orders since an id; `None` without any."""
    query = select(func.min(CrmLink.dolibarr_id)).where(
        CrmLink.tenant_id == tenant_id,
        CrmLink.element == element,
        CrmLink.unlinked_at.is_(None),
        CrmLink.order_id >= since,
    )
    if element is CrmElement.THIRD_PARTY:
        query = select(func.min(CrmLink.dolibarr_id)).where(
            CrmLink.tenant_id == tenant_id, CrmLink.element == element, CrmLink.unlinked_at.is_(None)
        )
    return db.session.execute(query).scalar_one()


def list_between(
    tenant_id: int, element: CrmElement, *, after: int, up_to: int | None
) -> list[tuple[CrmLink, str | None]]:
    """Return the links whose record has an id after one and up to another, or every later one, with order numbers."""
    query = (
        select(CrmLink, Order.order_number)
        .outerjoin(Order, (Order.tenant_id == CrmLink.tenant_id) & (Order.id == CrmLink.order_id))
        .where(
            CrmLink.tenant_id == tenant_id,
            CrmLink.element == element,
            CrmLink.unlinked_at.is_(None),
            CrmLink.dolibarr_id > after,
        )
        .order_by(CrmLink.dolibarr_id)
    )
    if up_to is not None:
        query = query.where(CrmLink.dolibarr_id <= up_to)
    return [(row[0], row[1]) for row in db.session.execute(query)]

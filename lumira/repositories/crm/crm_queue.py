"""What operators see of the records in Dolibarr: what is parked, with its order, and where Dolibarr shows each record.

Inside the caller's transaction.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, and_, select

from lumira.database import constant, db
from lumira.models import CrmElement, CrmLane, CrmLink, CrmTask, CrmTaskState, Order


@dataclass(frozen=True, slots=True)
class ParkedTask:
    """A task that waits for an operator, with the number of its order; `None` for that of a customer."""

    task: CrmTask
    order_number: str | None


def find_lane(tenant_id: int) -> CrmLane | None:
    """Return whether Dolibarr answers: the lease of the tenant's queue; `None` before the first turn."""
    return db.session.get(CrmLane, tenant_id)


def list_parked(tenant_id: int, *, limit: int) -> list[ParkedTask]:
    """Return the tasks that wait for an operator, the oldest first."""
    query = (
        select(CrmTask, Order.order_number)
        .outerjoin(Order, and_(Order.tenant_id == CrmTask.tenant_id, Order.id == CrmTask.order_id))
        .where(CrmTask.tenant_id == tenant_id, CrmTask.state == constant(CrmTaskState.PARKED.value))
        .order_by(CrmTask.id)
        .limit(constant(limit))
    )
    return [ParkedTask(row[0], row[1]) for row in db.session.execute(query)]


def list_links_of_order(tenant_id: int, order_id: UUID) -> list[CrmLink]:
    """Return the order's records in Dolibarr, in the order of their creation."""
    query = _links(tenant_id).where(CrmLink.order_id == order_id)
    return list(db.session.execute(query.order_by(CrmLink.id)).scalars())


def find_link_of_customer(tenant_id: int, customer_id: UUID) -> CrmLink | None:
    """Return the customer's third party."""
    query = _links(tenant_id).where(
        CrmLink.element == CrmElement.THIRD_PARTY, CrmLink.subject == str(customer_id)
    )
    return db.session.execute(query).scalar_one_or_none()


def find_newest_third_party(tenant_id: int) -> CrmLink | None:
    """Return the link with the highest id in Dolibarr; `None` before the first."""
    query = _links(tenant_id).where(CrmLink.element == CrmElement.THIRD_PARTY)
    return db.session.execute(query.order_by(CrmLink.dolibarr_id.desc()).limit(1)).scalar_one_or_none()


def _links(tenant_id: int) -> Select[CrmLink]:
    return select(CrmLink).where(CrmLink.tenant_id == tenant_id, CrmLink.unlinked_at.is_(None))

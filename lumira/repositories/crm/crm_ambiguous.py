"""Customers whose third party an operator chooses, because several have the customer's e-mail address."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from lumira.database import constant, db
from lumira.domain.crm.reasons import CrmReason
from lumira.models import CrmTask, CrmTaskKind, CrmTaskState, Customer


def list_ambiguous(tenant_id: int, *, limit: int) -> Sequence[tuple[CrmTask, Customer]]:
    """Return them with their tasks, the oldest first."""
    query = (
        select(CrmTask, Customer)
        .join(Customer, (Customer.tenant_id == CrmTask.tenant_id) & (Customer.id == CrmTask.customer_id))
        .where(*_are_ambiguous(tenant_id))
        .order_by(CrmTask.id)
        .limit(constant(limit))
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def lock_ambiguous(tenant_id: int, customer_id: UUID) -> CrmTask | None:
    """Return the task of a customer whose third party is to be chosen, locked; `None` if there is none."""
    query: Select[CrmTask] = select(CrmTask).where(
        *_are_ambiguous(tenant_id), CrmTask.subject == str(customer_id)
    )
    return db.session.execute(query.with_for_update()).scalar_one_or_none()


def _are_ambiguous(tenant_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        CrmTask.tenant_id == tenant_id,
        CrmTask.kind == constant(CrmTaskKind.CUSTOMER),
        CrmTask.state == constant(CrmTaskState.PARKED),
        CrmTask.reason == str(CrmReason.SEVERAL_THIRD_PARTIES),
    )

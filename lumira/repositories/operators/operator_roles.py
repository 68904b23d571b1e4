"""Roles of operators at the tenants."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.operators import actor_of
from lumira.errors.operators import OperatorNotFound
from lumira.models import OperatorRole, Role


def list_of_operator(operator_id: UUID) -> dict[int, Role]:
    """Return the roles of the entered operator by tenant."""
    query = select(OperatorRole).where(
        OperatorRole.operator_id == operator_id, OperatorRole.removed_at.is_(None)
    )
    return {row.tenant_id: row.role for row in db.session.execute(query).scalars()}


def list_of_tenant(tenant_id: int, *, include_removed: bool = False) -> Sequence[OperatorRole]:
    """List the tenant's operators in the order of their addresses."""
    query = select(OperatorRole).where(OperatorRole.tenant_id == tenant_id)
    if not include_removed:
        query = query.where(OperatorRole.removed_at.is_(None))
    return db.session.execute(query.order_by(OperatorRole.email)).scalars().all()


def addresses_by_actor(tenant_id: int) -> dict[str, str]:
    """Return the address of each operator of the team, also of those who left it, by their name in the audit log."""
    return {actor_of(row.operator_id): row.email for row in list_of_tenant(tenant_id, include_removed=True)}


def lock_team(tenant_id: int) -> dict[UUID, OperatorRole]:
    """Return the tenant's operators, locked: two owners cannot remove each other at the same time."""
    rows = db.session.execute(
        select(OperatorRole)
        .where(OperatorRole.tenant_id == tenant_id, OperatorRole.removed_at.is_(None))
        .order_by(OperatorRole.operator_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars()
    return {row.operator_id: row for row in rows}


def set_role(tenant_id: int, operator_id: UUID, *, role: Role, email: str) -> None:
    """Give an operator a role at the tenant, in place of an earlier one."""
    values = {"role": role, "email": email, "removed_at": None, "updated_at": utc_now()}
    db.session.execute(
        insert(OperatorRole)
        .values(tenant_id=tenant_id, operator_id=operator_id, created_at=values["updated_at"], **values)
        .on_conflict_do_update(index_elements=["tenant_id", "operator_id"], set_=values)
    )


def remove(row: OperatorRole, now: datetime) -> None:
    """Take the role of an operator."""
    row.removed_at = now


def get_locked(team: dict[UUID, OperatorRole], operator_id: UUID) -> OperatorRole:
    """Return one operator of a locked team; raises `OperatorNotFound`."""
    try:
        return team[operator_id]
    except KeyError:
        raise OperatorNotFound("This team has no such operator.") from None

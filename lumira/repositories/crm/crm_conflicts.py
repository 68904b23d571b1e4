"""Values on which a customer and its third party differ, until an operator decides or they agree."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import delete, exists, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.domain.list_position import Position
from lumira.models import ConflictReason, ContactField, CrmConflict, Customer


def open_or_update(
    tenant_id: int,
    customer_id: UUID,
    field: ContactField,
    *,
    reason: ConflictReason,
    ours: str | None,
    theirs: str | None,
) -> None:
    """Store both values; a conflict about this field that is open gets them, and keeps its age."""
    values = {"reason": reason, "ours": ours, "theirs": theirs}
    key = {"tenant_id": tenant_id, "customer_id": customer_id, "field": field}
    statement = insert(CrmConflict).values(**key, **values, opened_at=utc_now())
    db.session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def remove(tenant_id: int, customer_id: UUID, fields: Collection[ContactField] = tuple(ContactField)) -> int:
    """Remove the conflicts about these fields of a customer; return how many there were."""
    removed = db.session.execute(
        delete(CrmConflict)
        .where(
            CrmConflict.tenant_id == tenant_id,
            CrmConflict.customer_id == customer_id,
            CrmConflict.field.in_(list(fields)),
        )
        .returning(CrmConflict.field)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())


def list_of_customer(tenant_id: int, customer_id: UUID) -> Sequence[CrmConflict]:
    """Return the conflicts of one customer."""
    query = select(CrmConflict).where(
        CrmConflict.tenant_id == tenant_id, CrmConflict.customer_id == customer_id
    )
    return db.session.execute(query).scalars().all()


def is_any_of(tenant_id: int, customer_id: UUID) -> bool:
    """Whether a customer has a conflict."""
    found = exists().where(CrmConflict.tenant_id == tenant_id, CrmConflict.customer_id == customer_id)
    return bool(db.session.execute(select(found)).scalar_one())


def list_page(
    tenant_id: int, *, after: Position | None, limit: int
) -> Sequence[tuple[CrmConflict, Customer]]:
    """Return conflicts with their customers, the oldest first."""
    query = (
        select(CrmConflict, Customer)
        .join(
            Customer, (Customer.tenant_id == CrmConflict.tenant_id) & (Customer.id == CrmConflict.customer_id)
        )
        .where(CrmConflict.tenant_id == tenant_id)
        .order_by(CrmConflict.opened_at, CrmConflict.customer_id, CrmConflict.field)
        .limit(constant(limit))
    )
    if after is not None:
        query = query.where(
            tuple_(CrmConflict.opened_at, CrmConflict.customer_id) > tuple_(after.at, after.id)
        )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def count(tenant_id: int) -> int:
    """Return how many values wait for a decision."""
    query = select(func.count()).select_from(CrmConflict).where(CrmConflict.tenant_id == tenant_id)
    return db.session.execute(query).scalar_one()

"""What is to be written to a tenant's CRM: enqueued with what it follows from, claimed, done or parked.

Inside the caller's transaction.
"""

from uuid import UUID

from sqlalchemy import update

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import CrmLink, CrmTask, CrmTaskKind, CrmTaskState


def enqueue_change(tenant_id: int, customer_ids: list[UUID]) -> None:
    """Let what the CRM knows of these customers be compared again; a customer that it does not know stays unknown."""
    db.session.flush()
    now = utc_now()
    db.session.execute(
        update(CrmTask)
        .where(
            CrmTask.tenant_id == tenant_id,
            CrmTask.kind == CrmTaskKind.CUSTOMER,
            CrmTask.subject.in_([str(customer_id) for customer_id in customer_ids]),
        )
        .values(
            state=CrmTaskState.PENDING,
            version=CrmTask.version + 1,
            attempts=0,
            next_attempt_at=now,
            enqueued_at=now,
            done_at=None,
        )
        .execution_options(synchronize_session=False)
    )


def move(tenant_id: int, source_id: UUID, target_id: UUID) -> None:
    """Make the tasks and links of a merged customer those of the target, and let both third parties be compared."""
    db.session.flush()
    for model in (CrmTask, CrmLink):
        db.session.execute(
            update(model)
            .where(model.tenant_id == tenant_id, model.customer_id == source_id)
            .values(customer_id=target_id)
            .execution_options(synchronize_session=False)
        )
    enqueue_change(tenant_id, [source_id, target_id])

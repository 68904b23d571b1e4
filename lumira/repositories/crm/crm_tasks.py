"""What is to be written to a tenant's CRM: enqueued with what it follows from, claimed, done or parked.

Inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.models import CrmLink, CrmTask, CrmTaskKind, CrmTaskState
from lumira.models.columns import uuid7
from lumira.repositories.crm import crm_lanes

#: Tasks in the order in which they are done: a customer before its orders, an order before what follows from it.
NewTask = tuple[CrmTaskKind, str, UUID, UUID | None]
_PENDING = constant(CrmTaskState.PENDING.value)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """How many tasks are to be done and how many are parked, and since when the oldest is to be done."""

    pending: int
    parked: int
    oldest_at: datetime | None


def enqueue(tenant_id: int, tasks: Iterable[NewTask]) -> int:
    """Enqueue tasks, each once for its kind and subject; returns how many are new.

    Customers come first, in one order for all transactions: two that enqueue the same ones do not deadlock.
    """
    now = utc_now()
    distinct = list(dict.fromkeys(tasks))
    customers = sorted(task for task in distinct if task[0] is CrmTaskKind.CUSTOMER)
    rows: list[dict[str, Any]] = [
        {
            "tenant_id": tenant_id,
            "id": uuid7(),
            "kind": kind,
            "subject": subject,
            "customer_id": customer_id,
            "order_id": order_id,
            "state": CrmTaskState.PENDING,
            "details": {},
            "attempts": 0,
            "version": 1,
            "next_attempt_at": now,
            "enqueued_at": now,
        }
        for kind, subject, customer_id, order_id in [
            *customers,
            *(task for task in distinct if task[0] is not CrmTaskKind.CUSTOMER),
        ]
    ]
    if not rows:
        return 0
    db.session.flush()
    statement = (
        insert(CrmTask).values(rows).on_conflict_do_nothing(index_elements=["tenant_id", "kind", "subject"])
    )
    return len(db.session.execute(statement.returning(CrmTask.id)).all())


def list_written(tenant_id: int, order_id: UUID) -> set[str]:
    """Return the subjects of an order's documents that are enqueued or written."""
    enqueued = select(CrmTask.subject).where(CrmTask.tenant_id == tenant_id, CrmTask.order_id == order_id)
    written = select(CrmLink.subject).where(CrmLink.tenant_id == tenant_id, CrmLink.order_id == order_id)
    return set(db.session.execute(union(enqueued, written)).scalars())


def enqueue_change(tenant_id: int, customer_ids: Sequence[UUID]) -> None:
    """Let what the CRM knows of these customers be compared again; a customer that it does not know stays unknown."""
    db.session.flush()
    subjects = [str(customer_id) for customer_id in customer_ids]
    _make_pending(
        tenant_id,
        CrmTask.kind == CrmTaskKind.CUSTOMER,
        CrmTask.subject.in_(subjects),
        version=CrmTask.version + 1,
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


def move_order(tenant_id: int, order_id: UUID, customer_id: UUID) -> None:
    """Make the tasks of an order those of another customer. What is written already stays with its third party."""
    db.session.execute(
        update(CrmTask)
        .where(CrmTask.tenant_id == tenant_id, CrmTask.order_id == order_id)
        .values(customer_id=customer_id)
        .execution_options(synchronize_session=False)
    )


def forget_buyer(tenant_id: int, customer_ids: Sequence[UUID]) -> None:
    """Remove what tasks and links say of erased customers, and let their third parties be closed."""
    enqueue_change(tenant_id, customer_ids)
    for model, values in (
        (CrmTask, {"reason_text": None, "details": {}}),
        (CrmLink, {"agreed": None, "agreed_hash": None}),
    ):
        db.session.execute(
            update(model)
            .where(model.tenant_id == tenant_id, model.customer_id.in_(list(customer_ids)))
            .values(**values)
            .execution_options(synchronize_session=False)
        )


def find_next(tenant_id: int) -> CrmTask | None:
    """Return the oldest task that is due and waits for no earlier one of its customer; `None` if there is none.

    An earlier one that is to be done is done first. A parked one delays only what needs it: a customer all its
    documents, a document the later ones of its order.
    """
    earlier = aliased(CrmTask)
    delays = or_(
        earlier.state == _PENDING,
        and_(
            earlier.state == constant(CrmTaskState.PARKED.value),
            or_(earlier.kind == CrmTaskKind.CUSTOMER, earlier.order_id == CrmTask.order_id),
        ),
    )
    is_delayed = exists().where(
        earlier.tenant_id == tenant_id,
        earlier.customer_id == CrmTask.customer_id,
        earlier.id < CrmTask.id,
        delays,
    )
    query = (
        select(CrmTask)
        .where(
            CrmTask.tenant_id == tenant_id,
            CrmTask.state == _PENDING,
            CrmTask.next_attempt_at <= utc_now(),
            ~is_delayed,
        )
        .order_by(CrmTask.id)
        .limit(constant(1))
    )
    return db.session.execute(query).scalar_one_or_none()


def find(tenant_id: int, task_id: UUID) -> CrmTask | None:
    """Return a task; `None` if there is none with this id."""
    return db.session.get(CrmTask, (tenant_id, task_id))


def change(tenant_id: int, task_id: UUID, version: int, **values: Any) -> bool:
    """Record what became of a task; `False` if it was made pending again meanwhile, and nothing is recorded."""
    changed = db.session.execute(
        update(CrmTask)
        .where(CrmTask.tenant_id == tenant_id, CrmTask.id == task_id, CrmTask.version == version)
        .values(**values)
        .returning(CrmTask.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def is_undone(tenant_id: int, kind: CrmTaskKind, subject: str) -> bool:
    """Return whether a record is still to be written, or parked."""
    undone = exists().where(
        CrmTask.tenant_id == tenant_id,
        CrmTask.kind == kind,
        CrmTask.subject == subject,
        CrmTask.state != constant(CrmTaskState.DONE.value),
    )
    return bool(db.session.execute(select(undone)).scalar_one())


def has_parked(tenant_id: int, customer_id: UUID, order_id: UUID | None) -> bool:
    """Return whether any task of this order is parked, or with `None` that of this customer."""
    of_subject = (
        CrmTask.order_id == order_id
        if order_id is not None
        else and_(CrmTask.customer_id == customer_id, CrmTask.kind == CrmTaskKind.CUSTOMER)
    )
    parked = exists().where(
        CrmTask.tenant_id == tenant_id, of_subject, CrmTask.state == constant(CrmTaskState.PARKED.value)
    )
    return bool(db.session.execute(select(parked)).scalar_one())


def list_parked(tenant_id: int, *, after: UUID | None = None, limit: int = 50) -> Sequence[CrmTask]:
    """Return the next parked tasks after an id, oldest first."""
    query = select(CrmTask).where(
        CrmTask.tenant_id == tenant_id, CrmTask.state == constant(CrmTaskState.PARKED.value)
    )
    if after is not None:
        query = query.where(CrmTask.id > after)
    return db.session.execute(query.order_by(CrmTask.id).limit(constant(limit))).scalars().all()


def list_of_order(tenant_id: int, order_id: UUID) -> Sequence[CrmTask]:
    """Return the tasks of an order's documents, oldest first."""
    query = select(CrmTask).where(CrmTask.tenant_id == tenant_id, CrmTask.order_id == order_id)
    return db.session.execute(query.order_by(CrmTask.id)).scalars().all()


def find_of_customer(tenant_id: int, customer_id: UUID) -> CrmTask | None:
    """Return the task of a customer's third party; `None` for a customer that the CRM does not know."""
    query = select(CrmTask).where(
        CrmTask.tenant_id == tenant_id,
        CrmTask.kind == CrmTaskKind.CUSTOMER,
        CrmTask.subject == str(customer_id),
    )
    return db.session.execute(query).scalar_one_or_none()


def retry(tenant_id: int, task_id: UUID) -> bool:
    """Make a parked task pending, due at once, also in a pause; `False` if it is not parked any more."""
    crm_lanes.end_pause(tenant_id)
    return _make_pending(tenant_id, CrmTask.id == task_id, _is_parked()) > 0


def retry_all(tenant_id: int) -> int:
    """Make every parked task pending, due at once, also in a pause; returns how many there were."""
    crm_lanes.end_pause(tenant_id)
    return _make_pending(tenant_id, _is_parked())


def repeat_order(tenant_id: int, order_id: UUID) -> int:
    """Let every document of an order be looked up and completed again; returns how many there are."""
    is_settled = CrmTask.state != constant(CrmTaskState.PENDING.value)
    return _make_pending(tenant_id, CrmTask.order_id == order_id, is_settled, version=CrmTask.version + 1)


def figures(tenant_id: int) -> QueueFigures:
    """Return how long the queue is."""
    counts = db.session.execute(
        select(CrmTask.state, func.count(), func.min(CrmTask.enqueued_at))
        .where(CrmTask.tenant_id == tenant_id, CrmTask.state != constant(CrmTaskState.DONE.value))
        .group_by(CrmTask.state)
    ).all()
    by_state = {state: (number, oldest_at) for state, number, oldest_at in counts}
    pending, oldest_at = by_state.get(CrmTaskState.PENDING, (0, None))
    return QueueFigures(pending, by_state.get(CrmTaskState.PARKED, (0, None))[0], oldest_at)


def remove_done(tenant_id: int, before: datetime, *, limit: int) -> int:
    """Remove documents' tasks that were done before this time; returns how many."""
    old = (
        select(CrmTask.id)
        .where(CrmTask.tenant_id == tenant_id, CrmTask.done_at < before, CrmTask.kind != CrmTaskKind.CUSTOMER)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    removed = db.session.execute(
        delete(CrmTask)
        .where(CrmTask.tenant_id == tenant_id, CrmTask.id.in_(old))
        .returning(CrmTask.id)
        .execution_options(synchronize_session=False)
    )
    return len(removed.all())


def _is_parked() -> ColumnElement[bool]:
    return CrmTask.state == constant(CrmTaskState.PARKED.value)


def _make_pending(tenant_id: int, *conditions: ColumnElement[bool], **values: Any) -> int:
    now = utc_now()
    changed = db.session.execute(
        update(CrmTask)
        .where(CrmTask.tenant_id == tenant_id, *conditions)
        .values(
            state=CrmTaskState.PENDING,
            attempts=0,
            # What was sent and has no reply may still take place.
            next_attempt_at=func.greatest(CrmTask.next_attempt_at, now),
            enqueued_at=now,
            done_at=None,
            **values,
        )
        .returning(CrmTask.id)
        .execution_options(synchronize_session=False)
    )
    return len(changed.all())

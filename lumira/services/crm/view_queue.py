"""The queue to Dolibarr for operators: how much waits, whether Dolibarr answers, and what is parked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.database import atomic
from lumira.repositories.crm import crm_queue, crm_tasks
from lumira.repositories.crm.crm_tasks import QueueFigures

#: Parked tasks on a page; the figures count all.
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ParkedItem:
    """What was not written, and why."""

    id: UUID
    kind: str
    order_number: str | None
    customer_id: UUID
    reason: str
    reason_text: str
    enqueued_at: datetime


@dataclass(frozen=True, slots=True)
class QueueView:
    """The queue of one tenant."""

    figures: QueueFigures
    #: Since when Dolibarr fails, the reason, and what it said; `None` while it answers.
    failing_since: datetime | None
    problem: str | None
    problem_text: str
    parked: list[ParkedItem]


def view_queue(tenant_id: int) -> QueueView:
    """Return what waits to be written to the tenant's Dolibarr."""
    with atomic(tenant_id):
        lane = crm_queue.find_lane(tenant_id)
        return QueueView(
            figures=crm_tasks.figures(tenant_id),
            failing_since=None if lane is None else lane.failing_since,
            problem=None if lane is None else lane.problem,
            problem_text="" if lane is None else lane.problem_text or "",
            parked=[
                ParkedItem(
                    row.task.id,
                    row.task.kind,
                    row.order_number,
                    row.task.customer_id,
                    row.task.reason or "",
                    row.task.reason_text or "",
                    row.task.enqueued_at,
                )
                for row in crm_queue.list_parked(tenant_id, limit=MOST_SHOWN)
            ],
        )

"""Write what is missing in Dolibarr since a time, also of sales from before the connection was switched on."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.database import atomic, retried
from lumira.domain.crm import work as crm_work
from lumira.domain.crm.drift import Drift, DriftKind
from lumira.errors.crm import CrmNotOn
from lumira.models.columns import uuid7_from
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_drift, crm_tasks
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.crm.find_drift import find_drift
from lumira.settlement.enqueue_crm import enqueue_whole, is_written_to_crm

#: Orders of one transaction: they stay locked until it commits.
_BATCH = 20


@dataclass(frozen=True, slots=True)
class SyncStep:
    """What one step did: how many orders it looked at, and how many records it enqueued; `left` is for a person."""

    orders: int
    enqueued: int
    left: list[Drift]


def count_orders(tenant_id: int, since: datetime) -> int:
    """Return how many orders `sync_since` looks at, for its progress."""
    with atomic(tenant_id):
        return crm_drift.count_completed(tenant_id, after=uuid7_from(since))


def sync_since(
    tenant_id: int, *, since: datetime, actor: str, is_dry_run: bool = False
) -> Iterator[SyncStep]:
    """Enqueue what belongs into Dolibarr and is not there, of the orders opened since a time, step by step.

    Records that were deleted there, and payments that are missing, are enqueued again. What was edited manually stays
    as it is and is returned: a person decides. A run that was interrupted is repeated: what is enqueued stays enqueued,
    and no record is written twice. A dry run enqueues nothing. Raises `CrmNotOn`, and as `find_drift` does.
    """
    with atomic(tenant_id):
        if tenants.get(tenant_id).crm_switched_on_at is None:
            raise CrmNotOn("Switch the connection to Dolibarr on first.")
    after = uuid7_from(since)
    while True:
        step, last = _enqueue_batch(tenant_id, after, actor=actor, is_dry_run=is_dry_run)
        if last is None:
            break
        yield step
        after = last
    for page in find_drift(tenant_id, since=since):
        repairable = [
            drift for drift in page.found if drift.is_repairable and drift.kind is not DriftKind.MISSING
        ]
        left = [
            drift for drift in page.found if not drift.is_repairable and drift.kind is not DriftKind.WAITING
        ]
        count = len(repairable) if is_dry_run else _repeat(tenant_id, repairable, actor=actor)
        yield SyncStep(0, count, left)


@retried
def _enqueue_batch(
    tenant_id: int, after: UUID, *, actor: str, is_dry_run: bool
) -> tuple[SyncStep, UUID | None]:
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        ids = crm_drift.list_completed_ids(tenant_id, after=after, limit=_BATCH)
        if not ids:
            return SyncStep(0, 0, []), None
        locked = orders.lock_orders(tenant_id, ids)
        written = [order for order in locked.values() if is_written_to_crm(tenant, order)]
        if is_dry_run:
            links = crm_drift.list_links(tenant_id, ids)
            tasks = crm_drift.list_tasks(tenant_id, ids)
            count = sum(
                document.subject not in links.get(order.id, ()) and (order.id, document.subject) not in tasks
                for order in written
                for document in crm_work.list_documents(order)
            )
        else:
            count = sum(enqueue_whole(order) for order in written)
        if count and not is_dry_run:
            _audit(tenant_id, count, actor=actor)
        return SyncStep(len(ids), count, []), ids[-1]


@retried
def _repeat(tenant_id: int, repairable: list[Drift], *, actor: str) -> int:
    """Let the orders and customers of these records be looked up and completed again."""
    if not repairable:
        return 0
    with atomic(tenant_id):
        order_ids = sorted({drift.order_id for drift in repairable if drift.order_id is not None})
        customers = sorted({UUID(drift.subject) for drift in repairable if drift.record == "customer"})
        count = len(customers)
        for order in orders.lock_orders(tenant_id, order_ids).values():
            count += enqueue_whole(order)
            count += crm_tasks.repeat_order(tenant_id, order.id)
        if customers:
            crm_tasks.enqueue_change(tenant_id, customers)
        _audit(tenant_id, count, actor=actor)
        return count


def _audit(tenant_id: int, count: int, *, actor: str) -> None:
    audit.record(tenant_id, actor=actor, action="crm_synced", subject="crm", tasks=count)

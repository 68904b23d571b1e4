"""Let what is parked, or the records of an order or customer, be written to Dolibarr again."""

from uuid import UUID

from lumira.database import atomic, retried
from lumira.errors.crm import CrmNotOn
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_tasks
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.settlement.enqueue_crm import enqueue_whole


@retried
def retry_parked(tenant_id: int, *, task_id: UUID | None = None, actor: str) -> int:
    """Let one parked task, or all, be tried again, and return how many. Raises `CrmNotOn`."""
    with atomic(tenant_id):
        _require_on(tenant_id)
        count = (
            crm_tasks.retry_all(tenant_id) if task_id is None else int(crm_tasks.retry(tenant_id, task_id))
        )
        if count:
            audit.record(tenant_id, actor=actor, action="crm_retried", subject="crm", tasks=count)
        return count


@retried
def sync_order_again(tenant_id: int, order_id: UUID, *, actor: str) -> int:
    """Let the order's records be compared and written again, and return how many there are. Raises `CrmNotOn`."""
    with atomic(tenant_id):
        _require_on(tenant_id)
        count = enqueue_whole(orders.lock_order(tenant_id, order_id)) + crm_tasks.repeat_order(
            tenant_id, order_id
        )
        if count:
            _audit(tenant_id, f"order:{order_id}", count, actor=actor)
        return count


@retried
def sync_customer_again(tenant_id: int, customer_id: UUID, *, actor: str) -> int:
    """Let the customer's third party be compared and written again, and return how many. Raises `CrmNotOn`."""
    with atomic(tenant_id):
        _require_on(tenant_id)
        task = crm_tasks.find_of_customer(tenant_id, customer_id)
        count = 0 if task is None else 1
        crm_tasks.enqueue_change(tenant_id, [customer_id])
        if count:
            _audit(tenant_id, f"customer:{customer_id}", count, actor=actor)
        return count


def _audit(tenant_id: int, subject: str, count: int, *, actor: str) -> None:
    audit.record(tenant_id, actor=actor, action="crm_synced", subject=subject, tasks=count)


def _require_on(tenant_id: int) -> None:
    if tenants.get(tenant_id).crm_switched_on_at is None:
        raise CrmNotOn("Switch the connection to Dolibarr on first.")

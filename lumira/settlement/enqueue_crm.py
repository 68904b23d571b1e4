"""Enqueues what of a settled order belongs into the tenant's CRM; a tenant without one pays no statement for it."""

from collections.abc import Collection, Sequence

from lumira.database import at_the_end
from lumira.domain.crm import work as crm_work
from lumira.models import CrmTaskKind, Order, Tenant
from lumira.repositories.crm import crm_tasks
from lumira.repositories.crm.crm_tasks import NewTask
from lumira.repositories.tenants import tenants


def enqueue_crm(order: Order) -> None:
    """Enqueue the documents of a locked order that is paid, at the end of this transaction, each once.

    Those of an order that was completed before the CRM was switched on only if some of them are there already: the
    shop may have entered it itself. `flask crm sync --since` enqueues them all.
    """
    tenant = tenants.get(order.tenant_id)
    if is_written_to_crm(tenant, order) and crm_work.list_documents(order):
        at_the_end(_enqueue_all, (tenant, order))


def is_written_to_crm(tenant: Tenant, order: Order) -> bool:
    """Whether the tenant's CRM is on, and is to have sales of this mode."""
    return tenant.crm_switched_on_at is not None and (order.livemode or tenant.crm_takes_test_sales)


def enqueue_whole(order: Order) -> int:
    """Enqueue every document of a locked order, whenever it was completed; returns how many are new."""
    written = crm_tasks.list_written(order.tenant_id, order.id)
    return crm_tasks.enqueue(order.tenant_id, _tasks_of(order, written))


def _enqueue_all(settled: Sequence[tuple[Tenant, Order]]) -> None:
    tasks: list[NewTask] = []
    tenant_id = settled[0][1].tenant_id
    for tenant, order in {order.id: (tenant, order) for tenant, order in settled}.values():
        is_old = is_before_crm(tenant, order)
        is_needed = is_old or crm_work.needs_written(order)
        written = crm_tasks.list_written(tenant_id, order.id) if is_needed else set()
        if written or not is_old:
            tasks += _tasks_of(order, written)
    crm_tasks.enqueue(tenant_id, tasks)


def is_before_crm(tenant: Tenant, order: Order) -> bool:
    """Whether the order was completed before the CRM was switched on."""
    switched_on_at, completed_at = tenant.crm_switched_on_at, order.completed_at
    return switched_on_at is not None and completed_at is not None and completed_at < switched_on_at


def _tasks_of(order: Order, written: Collection[str]) -> list[NewTask]:
    if order.customer_id is None:
        return []
    documents = crm_work.list_documents(order, written)
    if not documents:
        return []
    customer: NewTask = (CrmTaskKind.CUSTOMER, str(order.customer_id), order.customer_id, None)
    return [
        customer,
        *((document.kind, document.subject, order.customer_id, order.id) for document in documents),
    ]

"""What Dolibarr has of an order or of a customer, for operators."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.database import atomic
from lumira.models import (
    CrmConnection,
    CrmElement,
    CrmLink,
    CrmTask,
    CrmTaskKind,
    CrmTaskState,
    LostDisputePolicy,
)
from lumira.repositories.crm import crm_connections, crm_queue, crm_tasks
from lumira.repositories.orders import disputes
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class CrmRecord:
    """One record: what it is, whether it was written, and where Dolibarr shows it."""

    #: A `CrmTaskKind`.
    kind: str
    #: A `CrmTaskState`, or `nothing`: it was looked at, and there is nothing to write.
    state: str
    #: Dolibarr's number, such as `IN2611-0001`, and the page that shows it; `None` until it has one.
    ref: str | None
    url: str | None
    reason: str | None
    reason_text: str
    #: When it was written; `None` until it is.
    done_at: datetime | None
    #: Whether it is the credit note of a lost dispute, about which the connection's policy writes nothing.
    is_left_to_operator: bool
    #: What staff did to it in Dolibarr, `deleted` or `edited`, and when that was noticed; `None` if nothing.
    noticed: str | None
    noticed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CrmRecords:
    """The records of an order or of a customer; without a connection there are none."""

    is_connected: bool
    is_on: bool
    records: list[CrmRecord]


#: The state of a task that is done and wrote nothing.
NOTHING = "nothing"
#: The pages of Dolibarr, by the element; the invoice's shows credit notes too.
_PAGES = {
    "third_party": "/societe/card.php?socid={}",
    "order": "/commande/card.php?id={}",
    "invoice": "/compta/facture/card.php?id={}",
}
_ELEMENTS = {"customer": "third_party", "order": "order", "invoice": "invoice", "credit_note": "invoice"}


def view_order_records(tenant_id: int, order_id: UUID) -> CrmRecords:
    """Return what Dolibarr has of an order."""
    return _view(tenant_id, order_id=order_id)


def view_customer_records(tenant_id: int, customer_id: UUID) -> CrmRecords:
    """Return what Dolibarr has of a customer."""
    return _view(tenant_id, customer_id=customer_id)


def _view(tenant_id: int, *, order_id: UUID | None = None, customer_id: UUID | None = None) -> CrmRecords:
    with atomic(tenant_id):
        connection = crm_connections.find(tenant_id)
        if connection is None:
            return CrmRecords(is_connected=False, is_on=False, records=[])
        is_on = tenants.get(tenant_id).crm_switched_on_at is not None
        if order_id is not None:
            tasks = list(crm_tasks.list_of_order(tenant_id, order_id))
            links = crm_queue.list_links_of_order(tenant_id, order_id)
        elif customer_id is not None:
            task = crm_tasks.find_of_customer(tenant_id, customer_id)
            link = crm_queue.find_link_of_customer(tenant_id, customer_id)
            tasks, links = [task] if task else [], [link] if link else []
        left = _list_left(tenant_id, order_id, tasks, connection)
        return CrmRecords(True, is_on, _records(tasks, links, connection.url, left))


def _list_left(
    tenant_id: int, order_id: UUID | None, tasks: Sequence[CrmTask], connection: CrmConnection
) -> set[str]:
    """Return the subjects of lost disputes about which an operator decides."""
    if (
        order_id is None
        or connection.lost_disputes is not LostDisputePolicy.REVIEW
        or not any(task.kind is CrmTaskKind.CREDIT_NOTE for task in tasks)
    ):
        return set()
    return disputes.list_ids_of_order(tenant_id, order_id)


def _records(
    tasks: Sequence[CrmTask], links: Sequence[CrmLink], url: str, left: Collection[str]
) -> list[CrmRecord]:
    """One record for each task, with the link of its subject; and the links whose tasks are no longer kept."""
    remaining = {(link.element, link.subject): link for link in links}
    records = []
    for task in tasks:
        link = remaining.pop((CrmElement(_ELEMENTS[task.kind]), task.subject), None)
        state = NOTHING if task.state is CrmTaskState.DONE and link is None else str(task.state)
        is_left = state == NOTHING and task.subject in left
        records.append(_record(task.kind, state, link, url, task, is_left=is_left))
    for (element, _), link in remaining.items():
        kind = "customer" if element == "third_party" else "credit_note" if link.is_credit_note else element
        records.append(_record(kind, CrmTaskState.DONE, link, url, None))
    return records


def _record(
    kind: str, state: str, link: CrmLink | None, url: str, task: CrmTask | None, *, is_left: bool = False
) -> CrmRecord:
    return CrmRecord(
        kind=str(kind),
        state=str(state),
        ref=None if link is None else link.ref or str(link.dolibarr_id),
        url=None if link is None else url + _PAGES[link.element].format(link.dolibarr_id),
        reason=None if task is None or state in (CrmTaskState.DONE, NOTHING) else task.reason,
        reason_text="" if task is None else task.reason_text or "",
        done_at=link.synced_at
        if task is None and link is not None
        else task.done_at
        if task is not None
        else None,
        is_left_to_operator=is_left,
        noticed=None if link is None else link.noticed,
        noticed_at=None if link is None else link.noticed_at,
    )

"""Compare what belongs into Dolibarr with what is there: page by page on both sides, in bounded memory."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrAccount, Invoice, InvoiceStatus, Order, OrderStatus, ThirdParty
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.crm import work as crm_work
from lumira.domain.crm.drift import Drift, DriftKind, edited_fields
from lumira.models import CrmElement, CrmLink, CrmTask, CrmTaskState, LostDisputePolicy
from lumira.models import Order as OwnOrder
from lumira.models.columns import uuid7_from
from lumira.repositories.crm import crm_connections, crm_drift, crm_tasks
from lumira.repositories.tenants import tenants
from lumira.services.crm.account import account_of
from lumira.settlement.enqueue_crm import is_written_to_crm

#: Rows of a page, on both sides.
PAGE = 100
#: Where a comparison has come to: first what notifications showed, then the orders here, then each kind of record in
#: Dolibarr.
_NOTICED, _ORDERS = "noticed", "orders"
_STAGES = (
    _NOTICED,
    _ORDERS,
    *(str(element) for element in (CrmElement.ORDER, CrmElement.INVOICE, CrmElement.THIRD_PARTY)),
)


@dataclass(frozen=True, slots=True)
class DriftPage:
    """What one page shows; `position` continues after it."""

    found: list[Drift]
    compared: int
    position: str


def find_drift(tenant_id: int, *, since: datetime, position: str | None = None) -> Iterator[DriftPage]:
    """Yield the differences of the orders that were opened since a time, and of the customers, page by page.

    `position` is that of an earlier page, after which to continue. Changes nothing. Raises `CrmNotConnected`,
    `ValueError` for a text that is no position, and the errors of `lumira.clients.dolibarr.errors`.
    """
    first = uuid7_from(since)
    stage, _, after = (position or f"{_NOTICED}:{first}").partition(":")
    begin = _STAGES.index(stage)
    with atomic(tenant_id):
        account = account_of(tenants.get(tenant_id), crm_connections.find(tenant_id))
    # What this run has reported already; one that continues another repeats it.
    reported = (first, utc_now()) if position is None else None
    if stage == _NOTICED:
        yield from _compare_noticed(tenant_id, account, UUID(after))
    if stage in (_NOTICED, _ORDERS):
        yield from _compare_orders(tenant_id, UUID(after) if stage == _ORDERS else first)
    for name in _STAGES[max(begin, 2) :]:
        element = CrmElement(name)
        start = int(after) if name == stage else _first_id(tenant_id, element, first)
        if start is not None:
            yield from _compare_records(tenant_id, account, element, start, reported=reported)


def _first_id(tenant_id: int, element: CrmElement, since: UUID) -> int | None:
    with atomic(tenant_id):
        found = crm_drift.find_first_id(tenant_id, element, since=since)
    return None if found is None else found - 1


def _compare_noticed(tenant_id: int, account: DolibarrAccount, after: UUID) -> Iterator[DriftPage]:
    """Records of which a notification showed that staff deleted or edited them: each is read again."""
    while True:
        with atomic(tenant_id):
            page = crm_drift.list_noticed(tenant_id, after=after, limit=PAGE)
        if not page:
            return
        found = [
            drift
            for link, number in page
            for drift in _differences(account, link, number, _read_one(account, link))
        ]
        after = max(link.order_id for link, _ in page if link.order_id is not None)
        yield DriftPage(found, len(page), f"{_NOTICED}:{after}")


def _read_one(account: DolibarrAccount, link: CrmLink) -> "_Record | None":
    if link.element is CrmElement.ORDER:
        return dolibarr.find_order(account, link.dolibarr_id)
    return dolibarr.find_invoice(account, link.dolibarr_id)


def _compare_orders(tenant_id: int, after: UUID) -> Iterator[DriftPage]:
    """What belongs into Dolibarr, and is not linked to a record there."""
    while True:
        with atomic(tenant_id):
            tenant = tenants.get(tenant_id)
            page = crm_drift.list_completed(tenant_id, after=after, limit=PAGE)
            ids = [order.id for order in page]
            links = crm_drift.list_links(tenant_id, ids)
            tasks = crm_drift.list_tasks(tenant_id, ids)
            connection = crm_connections.find(tenant_id)
            leaves_disputes = connection is not None and connection.lost_disputes is LostDisputePolicy.REVIEW
            found = [
                drift
                for order in page
                if is_written_to_crm(tenant, order)
                for drift in _unwritten(tenant_id, order, links.get(order.id, set()), tasks)
                if not (leaves_disputes and drift.is_dispute)
            ]
        if not page:
            return
        after = page[-1].id
        yield DriftPage(found, len(page), f"{_ORDERS}:{after}")


def _unwritten(
    tenant_id: int, order: OwnOrder, linked: set[str], tasks: dict[tuple[UUID, str], CrmTask]
) -> Iterator[Drift]:
    written = crm_tasks.list_written(tenant_id, order.id) if crm_work.needs_written(order) else ()
    for document in crm_work.list_documents(order, written):
        task = tasks.get((order.id, document.subject))
        state = None if task is None else task.state
        if document.subject in linked and state in (None, CrmTaskState.DONE):
            continue
        if state is CrmTaskState.DONE and (document.is_dispute or document.corrects is not None):
            # It was looked at: of what it takes back, nothing was left, or nothing was written.
            continue
        kind = DriftKind.MISSING if state is None else _KINDS.get(state, DriftKind.MISSING)
        is_negative = document.kind == "credit_note"
        yield Drift(
            kind=kind,
            record=str(document.kind),
            subject=document.subject,
            order_id=order.id,
            order_number=order.order_number,
            ours=-document.amount if is_negative else document.amount,
            detail="" if task is None else task.reason or "",
            is_dispute=document.is_dispute,
        )


_KINDS = {CrmTaskState.PENDING: DriftKind.WAITING, CrmTaskState.PARKED: DriftKind.PARKED}


def _compare_records(
    tenant_id: int,
    account: DolibarrAccount,
    element: CrmElement,
    after: int,
    *,
    reported: tuple[UUID, datetime] | None,
) -> Iterator[DriftPage]:
    """Read Dolibarr's records by id, and the links of the same ids: what only one side has is missing at the other."""
    while True:
        rows = _read_page(account, element, after)
        last = rows[-1].id if rows else None
        with atomic(tenant_id):
            linked = crm_drift.list_between(
                tenant_id, element, after=after, up_to=last if len(rows) == PAGE else None
            )
        by_id = {row.id: row for row in rows}
        found = [
            drift
            for link, number in linked
            for row in (by_id.pop(link.dolibarr_id, None),)
            if not _is_reported(link, reported)
            for drift in _differences(account, link, number, row)
        ]
        found += [
            Drift(DriftKind.UNKNOWN, str(element), row.lumira_id, ref=_ref(row), theirs=_total(row))
            for row in by_id.values()
            if row.lumira_id is not None
        ]
        if last is not None and len(rows) == PAGE:
            after = last
            yield DriftPage(found, len(rows), f"{element}:{after}")
            continue
        yield DriftPage(found, len(rows), f"{element}:{max(after, last or 0)}")
        return


def _is_reported(link: CrmLink, reported: tuple[UUID, datetime] | None) -> bool:
    """Whether the record was among those that a notification showed, when the comparison began."""
    if reported is None or link.noticed_at is None or link.order_id is None:
        return False
    since, began_at = reported
    return link.order_id > since and link.noticed_at <= began_at


_Record = Order | Invoice | ThirdParty


def _read_page(account: DolibarrAccount, element: CrmElement, after: int) -> list[_Record]:
    if element is CrmElement.ORDER:
        return list(dolibarr.list_orders(account, after_id=after, limit=PAGE))
    if element is CrmElement.INVOICE:
        return list(dolibarr.list_invoices(account, after_id=after, limit=PAGE))
    return list(dolibarr.list_third_parties(account, after_id=after, limit=PAGE))


def _differences(
    account: DolibarrAccount, link: CrmLink, number: str | None, row: _Record | None
) -> Iterator[Drift]:
    if row is None:
        yield _drift(DriftKind.DELETED, link, number, None)
        return
    if row.lumira_id != link.subject:
        yield _drift(DriftKind.UNLINKED, link, number, row)
    if isinstance(row, ThirdParty):
        names = edited_fields(link.agreed, asdict(row.fields))
        if names:
            yield _drift(DriftKind.EDITED, link, number, row, detail=", ".join(names))
        return
    if link.amount is not None and abs(row.total) != link.amount:
        yield _drift(DriftKind.TOTAL, link, number, row)
    if isinstance(row, Order):
        if link.synced_at is not None and row.status is not OrderStatus.CLOSED:
            yield _drift(DriftKind.STATE, link, number, row, detail=row.status.name.lower())
    elif row.status is InvoiceStatus.UNPAID:
        yield from _unpaid(account, link, number, row)
    elif row.status is not InvoiceStatus.PAID:
        yield _drift(DriftKind.STATE, link, number, row, detail=row.status.name.lower())


def _unpaid(account: DolibarrAccount, link: CrmLink, number: str | None, row: Invoice) -> Iterator[Drift]:
    """A list lacks what is paid: the one invoice is read again."""
    read = dolibarr.find_invoice(account, row.id)
    if link.synced_at is not None and read is not None and read.remaining != 0:
        yield _drift(DriftKind.UNPAID, link, number, row, theirs=read.total - read.remaining)


def _drift(
    kind: DriftKind,
    link: CrmLink,
    number: str | None,
    row: _Record | None,
    *,
    theirs: int | None = None,
    detail: str = "",
) -> Drift:
    sign = -1 if link.is_credit_note else 1
    return Drift(
        kind=kind,
        record=_record_of(link),
        subject=link.subject,
        order_id=link.order_id,
        order_number=number,
        ref=link.ref or (str(link.dolibarr_id) if row is None else _ref(row)),
        ours=None if link.amount is None else sign * link.amount,
        theirs=theirs if theirs is not None else None if row is None else _total(row),
        detail=detail,
    )


def _record_of(link: CrmLink) -> str:
    if link.element is CrmElement.THIRD_PARTY:
        return "customer"
    return "credit_note" if link.is_credit_note else str(link.element)


def _ref(row: _Record) -> str:
    return str(row.code or row.id) if isinstance(row, ThirdParty) else row.ref


def _total(row: _Record) -> int | None:
    return None if isinstance(row, ThirdParty) else row.total

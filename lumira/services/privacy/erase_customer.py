"""Erasure of a data subject: personal data is removed from every table and file; numbers, amounts and states remain."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.erasability import why_not_erasable
from lumira.domain.kept_contracts import kept_contracts
from lumira.errors.customers import NotErasable
from lumira.models import Customer, Order
from lumira.repositories.audit import audit
from lumira.repositories.crm import crm_conflicts, crm_tasks
from lumira.repositories.customers import customers, erasure_registry, personal_rows
from lumira.repositories.fulfilment import deliverables
from lumira.repositories.messages import message_claims
from lumira.repositories.orders import dispute_evidence, order_notes, orders
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.services.privacy.find_data_subject import find_data_subject, list_identifiers
from lumira.services.privacy.redact_rows import redact_customer, redact_order


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was erased, and the messages whose copies on disk must be removed as well."""

    orders: int
    events: int
    files: int
    receipts: int
    message_ids: tuple[UUID, ...]
    #: The numbers of orders whose contract the law keeps, and until when.
    kept: tuple[tuple[str, date], ...] = ()


def erase_customer(tenant_id: int, email: str, *, actor: str) -> Erasure:
    """Erase the personal data of the data subject of this address, with all addresses merged into it.

    Raises `CustomerNotFound`, and `NotErasable` with the reason while an order is outstanding; the caller closes
    unpaid orders before (`close_unpaid_orders`). A second call
    erases what was added since and completes an interrupted erasure. The discarded files cannot be downloaded
    from here on; `remove_files` or the next sweep removes them from storage.
    """
    erasure = _erase_rows(tenant_id, email, actor=actor)
    # Workers redact new events from this commit on, so only the events stored before it remain to be redacted.
    return replace(erasure, events=_redact_stored_events(tenant_id))


def _redact_stored_events(tenant_id: int) -> int:
    """Redact all stored events about erased buyers, one page in each transaction; return how many changed."""
    redacted, after = 0, None
    while True:
        changed, last_id = _redact_page(tenant_id, after)
        if last_id is None:
            return redacted
        redacted, after = redacted + changed, last_id


@retried
def _redact_page(tenant_id: int, after: UUID | None) -> tuple[int, UUID | None]:
    with atomic(tenant_id):
        page = erasure_registry.list_events_to_redact(tenant_id, after=after)
        changed = erasure_registry.redact_events(
            tenant_id, [event for event, _ in page], {event.id: order for event, order in page}
        )
        return changed, page[-1][0].id if page else None


@retried
def _erase_rows(tenant_id: int, email: str, *, actor: str) -> Erasure:
    with atomic(tenant_id):
        # The usual order of locks: customers before their orders.
        subject = _lock_data_subject(tenant_id, email)
        orders_by_id = orders.lock_orders(tenant_id, personal_rows.list_order_ids(tenant_id, subject))
        order_ids, subject_orders = list(orders_by_id), list(orders_by_id.values())
        now = utc_now()
        _check_erasable(tenant_id, subject_orders, now)
        identifiers = list_identifiers(tenant_id, subject, subject_orders)
        erasure = Erasure(
            orders=len(subject_orders),
            events=0,
            files=personal_rows.discard_files(tenant_id, order_ids),
            receipts=receipts.forget_buyer(tenant_id, order_ids),
            message_ids=tuple(message.id for order in subject_orders for message in order.messages),
            kept=kept_contracts(subject_orders),
        )
        for order in subject_orders:
            redact_order(order, now)
        dispute_evidence.clear_of_orders(tenant_id, order_ids, now)
        order_notes.remove_of_orders(tenant_id, order_ids)
        personal_rows.delete_idempotency_keys(tenant_id, order_ids)
        personal_rows.remove_access(tenant_id, [customer.id for customer in subject])
        for customer in subject:
            crm_conflicts.remove(tenant_id, customer.id)
            redact_customer(customer, erasure_registry.digests_of(tenant_id, identifiers), now)
        crm_tasks.forget_buyer(tenant_id, [customer.id for customer in subject])
        tenants.get(tenant_id).last_erasure_at = now
        audit.record(
            tenant_id,
            actor=actor,
            action="customer_erased",
            subject=f"customer:{subject[0].id}",
            orders=erasure.orders,
        )
        return erasure


def _lock_data_subject(tenant_id: int, email: str) -> list[Customer]:
    """Return all rows of the data subject, locked until the transaction ends.

    The lookup is repeated until every row that it returns is locked: a merge that was committed while this
    transaction waited for a lock adds another customer.
    """
    locked: dict[UUID, Customer] = {}
    while unlocked := {row.id for row in find_data_subject(tenant_id, email)} - locked.keys():
        locked |= {customer_id: customers.lock(tenant_id, customer_id) for customer_id in sorted(unlocked)}
    return list(locked.values())


def _check_erasable(tenant_id: int, subject_orders: Sequence[Order], now: datetime) -> None:
    rows = deliverables.list_by_order(tenant_id, [order.id for order in subject_orders])
    delivered = {(row.order_line_id, row.key) for row in rows.values() if row.delivered_at is not None}
    responding = dispute_evidence.list_orders_under_way(tenant_id, [order.id for order in subject_orders])
    for order in subject_orders:
        reason = why_not_erasable(order, delivered=delivered, now=now, message_lease=message_claims.LEASE)
        if reason is None and order.id in responding:
            reason = "has a response to a dispute that is being sent to the bank: wait until it is"
        if reason is not None:
            raise NotErasable(f"Order {order.order_number} {reason}.", order=order.order_number)

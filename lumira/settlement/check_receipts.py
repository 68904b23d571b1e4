"""Compares receipts and credit notes with the payments and refunds of their orders, and issues missing ones."""

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from lumira.database import atomic, is_frozen
from lumira.domain.due_receipts import ReceiptContent
from lumira.models import Order, Receipt, ReceiptKind
from lumira.money import format_amount
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipt_comparison, receipts
from lumira.repositories.tenants import tenants
from lumira.settlement.issue_receipts import issue_missing_documents, list_due

#: Only a command issues missing documents.
_OPERATOR = "operator"
#: Orders that are loaded whole at a time.
_PAGE = 200

OnProgress = Callable[[int], None]


def _unreported(_orders: int) -> None:
    """Report no progress."""


def issue_missing(tenant_id: int) -> Iterator[Receipt]:
    """Issue and yield the missing documents, dated today; each order's in a transaction of its own.

    For orders that were paid before the tenant had the seller's legal lines.
    """
    for order_id in _list_differing(tenant_id):
        with atomic(tenant_id):
            order = orders.lock_order(tenant_id, order_id)
            issued = receipts.list_of_orders(tenant_id, [order_id])
            documents = issue_missing_documents(tenants.get(tenant_id), [order], issued)
            if documents:
                audit.record(
                    tenant_id,
                    actor=_OPERATOR,
                    action="receipts_issued",
                    subject=f"order:{order_id}",
                    documents=[document.label for document in documents],
                )
        yield from documents


def list_disagreements(tenant_id: int, on_progress: OnProgress = _unreported) -> list[str]:
    """Return a sentence for every document that differs from the payments and refunds of its order, or is missing.

    `on_progress` is called with the number of orders that were looked at since its last call.
    """
    sentences: list[str] = []
    for order_id in _list_differing(tenant_id, on_progress):
        with atomic(tenant_id):
            # Locked, so that nothing is issued between the two queries. Nothing is issued for a frozen tenant.
            order = (
                orders.get_order(tenant_id, str(order_id))
                if is_frozen()
                else orders.lock_order(tenant_id, order_id)
            )
            sentences += _compare(order, receipts.list_of_orders(tenant_id, [order_id]))
    return sentences


def _compare(order: Order, issued: Sequence[Receipt]) -> Iterator[str]:
    due = {(content.kind, content.subject): content for content in list_due(order, issued)}
    by_key = {(document.kind, document.subject): document for document in issued}
    for key, content in due.items():
        document = by_key.get(key)
        if document is None:
            yield f"order {order.order_number}: its {_name_of(content)} is missing"
        elif (document.amount, document.currency) != (content.amount, content.currency):
            yield (
                f"{document.label}: its amount is {format_amount(document.amount, document.currency)}, "
                f"but {format_amount(content.amount, content.currency)} was moved"
            )
    for key, document in by_key.items():
        if key not in due:
            yield f"{document.label}: no payment or refund of order {order.order_number} belongs to it"


def _name_of(content: ReceiptContent) -> str:
    if content.kind is ReceiptKind.CREDIT_NOTE:
        return f"credit note for {content.subject}"
    return "receipt" if content.is_of_sale else f"receipt that corrects the credit note for {content.subject}"


def _list_differing(tenant_id: int, on_progress: OnProgress = _unreported) -> Iterator[UUID]:
    """Ids of the orders whose documents differ when they are not locked, oldest first."""
    after = orders.FIRST_ID
    while True:
        with atomic(tenant_id):
            scanned = receipt_comparison.scan(tenant_id, after)
        if scanned is None:
            return
        for first in range(0, len(scanned.to_compare), _PAGE):
            yield from _differing_among(tenant_id, scanned.to_compare[first : first + _PAGE])
        on_progress(scanned.orders)
        if scanned.is_last:
            return
        after = scanned.until


def _differing_among(tenant_id: int, order_ids: Sequence[UUID]) -> list[UUID]:
    with atomic(tenant_id):
        loaded = orders.list_whole(tenant_id, order_ids)
        issued = receipts.list_of_orders(tenant_id, order_ids)
    by_order: dict[UUID, list[Receipt]] = {}
    for document in issued:
        by_order.setdefault(document.order_id, []).append(document)
    return [order.id for order in loaded if any(_compare(order, by_order.get(order.id, [])))]

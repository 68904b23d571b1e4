"""Compares receipts and credit notes with the payments and refunds of their orders, and issues missing ones."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from lumira.database import atomic
from lumira.domain.commands import OrderFilter
from lumira.domain.due_receipts import ReceiptContent
from lumira.models import Order, Receipt, ReceiptKind
from lumira.money import format_amount
from lumira.repositories import orders, receipts, tenants
from lumira.settlement.issue_receipts import issue_missing_documents, list_due

#: Orders that are compared at a time.
_PAGE = 200


def issue_missing(tenant_id: int) -> Iterator[Receipt]:
    """Issue and yield the missing documents, dated today; each order's in a transaction of its own.

    For orders that were paid before the tenant had the seller's legal lines.
    """
    for order_id in _list_differing(tenant_id):
        with atomic(tenant_id):
            order = orders.lock_order(tenant_id, order_id)
            issued = receipts.list_of_orders(tenant_id, [order_id])
            documents = issue_missing_documents(tenants.get(tenant_id), [order], issued)
        yield from documents


def list_disagreements(tenant_id: int) -> list[str]:
    """Return a sentence for every document that differs from the payments and refunds of its order, or is missing."""
    sentences: list[str] = []
    for order_id in _list_differing(tenant_id):
        with atomic(tenant_id):
            # Locked, so that nothing is issued between the two queries.
            order = orders.lock_order(tenant_id, order_id)
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


def _list_differing(tenant_id: int) -> list[UUID]:
    """Ids of the orders whose documents differ when they are not locked, newest first."""
    differing: list[UUID] = []
    after = None
    while True:
        with atomic(tenant_id):
            page, after = orders.list_orders(tenant_id, OrderFilter(after=after, limit=_PAGE))
            issued = receipts.list_of_orders(tenant_id, [order.id for order in page])
        for order in page:
            of_order = [document for document in issued if document.order_id == order.id]
            if any(_compare(order, of_order)):
                differing.append(order.id)
        if after is None:
            return differing

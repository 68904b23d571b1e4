"""A receipt or credit note of an order, for an operator."""

from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.database import atomic
from lumira.errors.orders import ReceiptNotFound
from lumira.models import Receipt
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipts


@dataclass(frozen=True, slots=True)
class OrderReceipt:
    """A receipt to render, the buyer's locale if known, and the `Content-Disposition` header with the file's name."""

    receipt: Receipt
    locale: str | None
    disposition: str


def open_receipt(tenant_id: int, order_number: str, receipt_id: UUID) -> OrderReceipt:
    """Return one receipt or credit note of the order. Raises `OrderNotFound` and `ReceiptNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, order_number)
        for receipt in receipts.list_of_orders(tenant_id, [order.id]):
            if receipt.id == receipt_id:
                return OrderReceipt(receipt, order.locale, storage.disposition(receipt.file_name))
    raise ReceiptNotFound("The order has no such receipt.")

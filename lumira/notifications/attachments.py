"""PDF attachments: the receipt is looked up in the transaction, its PDF is rendered afterwards."""

from dataclasses import dataclass

import structlog

from lumira.documents import receipt_pdf
from lumira.domain import due_receipts
from lumira.errors.files import RenderingUnavailable
from lumira.models import MessageKind, Order, OutboxMessage, Receipt, ReceiptKind
from lumira.repositories.receipts import receipts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF, the label of its receipt, and its file name."""

    label: str
    file_name: str
    content: bytes


def find_receipt(order: Order, message: OutboxMessage) -> Receipt | None:
    """Return the receipt or credit note that is attached to a message; inside the caller's transaction.

    `None` for free orders, for refunds that have no credit note, and for tenants without seller details.
    """
    if message.kind is MessageKind.ORDER_REFUNDED:
        return receipts.find(order, ReceiptKind.CREDIT_NOTE, message.subject)
    payment = (
        due_receipts.find_receipted_payment(order) if message.kind is MessageKind.ORDER_CONFIRMATION else None
    )
    return (
        None
        if payment is None
        else receipts.find(order, ReceiptKind.RECEIPT, payment.stripe_payment_intent_id)
    )


def render_receipt(receipt: Receipt | None, *, locale: str) -> Attachment | None:
    """Render the receipt as PDF, outside any transaction; `None` if there is no receipt.

    Also `None` where PDFs cannot be rendered: the message is sent without an attachment rather than delayed, and
    the receipt can be rendered later from its row.
    """
    if receipt is None:
        return None
    try:
        content = receipt_pdf.render(receipt, locale=locale)
    except RenderingUnavailable:
        log.exception("receipt_not_rendered", receipt=receipt.label)
        return None
    return Attachment(label=receipt.label, file_name=receipt.file_name, content=content)

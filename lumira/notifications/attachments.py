"""What goes with a letter on paper: its row is looked up in the transaction, its PDF is drawn after it."""

from dataclasses import dataclass

import structlog

from lumira.documents import receipt_pdf
from lumira.domain import due_receipts
from lumira.errors import RenderingUnavailable
from lumira.models import MessageKind, Order, OutboxMessage, Receipt, ReceiptKind
from lumira.repositories import receipts

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A PDF and what it is called."""

    label: str
    file_name: str
    content: bytes


def find_paper(order: Order, message: OutboxMessage) -> Receipt | None:
    """The receipt or credit note that goes with a message; within its transaction.

    `None` for what is free, for a refund that takes nothing from a receipt, and for a tenant without legal lines.
    """
    if message.kind is MessageKind.ORDER_REFUNDED:
        return receipts.find(order, ReceiptKind.CREDIT_NOTE, message.subject)
    kept = due_receipts.find_kept(order) if message.kind is MessageKind.ORDER_CONFIRMATION else None
    return None if kept is None else receipts.find(order, ReceiptKind.RECEIPT, kept.stripe_payment_intent_id)


def draw_paper(paper: Receipt | None, *, locale: str) -> Attachment | None:
    """The paper's PDF, with no transaction open.

    Where the system cannot draw, the letter goes without it: what was bought is not kept waiting for a PDF, and
    the row is there to be drawn later.
    """
    if paper is None:
        return None
    try:
        content = receipt_pdf.render(paper, locale=locale)
    except RenderingUnavailable:
        log.exception("receipt_not_drawn", receipt=paper.label)
        return None
    return Attachment(label=paper.label, file_name=paper.file_name, content=content)

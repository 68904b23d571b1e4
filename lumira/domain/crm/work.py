"""Which records of an order belong into a tenant's CRM, derived from its facts.

Makes no query and changes nothing. The documents are those of the receipts (`due_receipts`), and one for each lost
dispute.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from lumira.domain import due_receipts
from lumira.domain.disputes import lost_disputes
from lumira.domain.order_money import disputed_payment, lost_amount_of, succeeded_payments
from lumira.domain.order_status import is_fulfilled
from lumira.models import CrmTaskKind, Dispute, Order, ReceiptKind

#: What follows the id of a refund or dispute in the id of the invoice that takes its credit note back: Dolibarr's
#: invoices and credit notes share their ids.
_FAILED, _WON = "-failed", "-won"


@dataclass(frozen=True, slots=True)
class CrmDocument:
    """One order, invoice or credit note of the CRM; amounts in minor units, VAT included."""

    kind: CrmTaskKind
    subject: str
    amount: int
    currency: str
    moved_at: datetime
    #: The id of the payment of the invoice that a credit note is about; of an invoice, its own or the one taken back.
    payment_intent_id: str | None = None
    #: The credit note that an invoice takes back.
    corrects: str | None = None
    is_dispute: bool = False

    @property
    def is_sale(self) -> bool:
        """Whether it is the invoice of a sale."""
        return self.kind is CrmTaskKind.INVOICE and self.corrects is None


def list_documents(order: Order, written: Collection[str] = ()) -> list[CrmDocument]:
    """Return every document of an order, in the order in which they are written; none of an order that is not paid.

    `written` are the subjects of the order's invoices and credit notes that are enqueued or written already. A free
    order is an order without an invoice: there is nothing to be paid. An order without a customer has no documents yet,
    because an invoice needs a third party.
    """
    if order.customer_id is None or not is_fulfilled(order) or order.completed_at is None:
        return []
    is_repeated = all(line.is_repeated for line in order.lines)
    sales = list(_of_receipts(order, written))
    if not sales and (not order.is_free or is_repeated):
        return []
    own = CrmDocument(CrmTaskKind.ORDER, str(order.id), order.amount, order.currency, order.completed_at)
    return [own, *sales, *_of_disputes(order, written, {sale.subject for sale in sales})]


def needs_written(order: Order) -> bool:
    """Whether what belongs into the CRM depends on what was enqueued before."""
    return len(succeeded_payments(order)) > 1 or bool(order.disputes)


def find_document(
    order: Order, kind: CrmTaskKind, subject: str, written: Collection[str]
) -> CrmDocument | None:
    """Return one document of an order; `None` if its facts have changed so that it is none any more."""
    return next(
        (each for each in list_documents(order, written) if (each.kind, each.subject) == (kind, subject)),
        None,
    )


def _of_receipts(order: Order, written: Collection[str]) -> Iterator[CrmDocument]:
    for content in due_receipts.list_due(order, written):
        is_credit_note = content.kind is ReceiptKind.CREDIT_NOTE
        takes_back = not is_credit_note and not content.is_of_sale
        yield CrmDocument(
            kind=CrmTaskKind.CREDIT_NOTE if is_credit_note else CrmTaskKind.INVOICE,
            subject=f"{content.subject}{_FAILED}" if takes_back else content.subject,
            amount=content.amount,
            currency=content.currency,
            moved_at=content.moved_at,
            payment_intent_id=content.payment_intent_id,
            corrects=content.subject if takes_back else None,
        )


def _of_disputes(order: Order, written: Collection[str], sales: Collection[str]) -> Iterator[CrmDocument]:
    """A lost dispute is a credit note; one that was lost and is won after all takes it back."""
    lost = lost_disputes(order)
    for dispute in order.disputes:
        payment = disputed_payment(order, dispute)
        is_lost, subject = dispute in lost, dispute.stripe_dispute_id
        if payment is None or payment.stripe_payment_intent_id not in sales:
            continue
        if is_lost or subject in written:
            yield _of_dispute(order, dispute, payment.stripe_payment_intent_id, is_lost=True)
        if not is_lost and subject in written:
            yield _of_dispute(order, dispute, payment.stripe_payment_intent_id, is_lost=False)


def _of_dispute(order: Order, dispute: Dispute, payment_intent_id: str, *, is_lost: bool) -> CrmDocument:
    subject = dispute.stripe_dispute_id
    return CrmDocument(
        kind=CrmTaskKind.CREDIT_NOTE if is_lost else CrmTaskKind.INVOICE,
        subject=subject if is_lost else f"{subject}{_WON}",
        amount=lost_amount_of(order, dispute),
        currency=order.currency,
        moved_at=dispute.updated_at or dispute.created_at,
        payment_intent_id=payment_intent_id,
        corrects=None if is_lost else subject,
        is_dispute=True,
    )

"""Issues receipts and credit notes: one receipt for every sale, one credit note for every refund.

A document is issued in the transaction that settles its order.
"""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from lumira.clock import utc_now
from lumira.database import at_the_end, db
from lumira.domain import due_receipts
from lumira.domain.due_receipts import ReceiptContent
from lumira.domain.order_money import succeeded_payments
from lumira.models import AlertKind, Order, Receipt, ReceiptKind, Tenant, receipt_series
from lumira.repositories.alerts import alerts
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants

log = structlog.get_logger()

#: What a document takes from the one that it corrects, whatever the seller's legal lines are by then.
_TAXES = ("vat_rate", "vat_note")


def issue_at_the_end(order: Order, *, is_new: bool) -> None:
    """Issue the missing documents of a settled order, as the last action of this transaction.

    It comes after all others, the relay job included: every sale of a tenant waits for the counter of its numbers,
    which stays locked from then on until the commit. The relay job takes a lock too, but a transaction that waits
    for that one does not hold the counter.
    `is_new` if the order was fulfilled just now: it has no document, and none is looked up.
    """
    has_duplicates = len(succeeded_payments(order)) > 1
    if is_new or has_duplicates or any(refund.has_succeeded for refund in order.refunds):
        # A batch has loaded its tenant already, but may no longer hold it at the end.
        at_the_end(_issue_all, (tenants.get(order.tenant_id), order, is_new), is_last=True)


def _issue_all(settled: Sequence[tuple[Tenant, Order, bool]]) -> None:
    # A refund has its times only once it is written.
    db.session.flush()
    tenant = settled[0][0]
    new = {order.id for _, order, is_new in settled if is_new}
    issued = receipts.list_of_orders(tenant.id, [order.id for _, order, _ in settled if order.id not in new])
    issue_missing_documents(tenant, {order.id: order for _, order, _ in settled}.values(), issued)


def issue_missing_documents(
    tenant: Tenant, locked: Iterable[Order], issued: Sequence[Receipt]
) -> list[Receipt]:
    """Issue the documents of these locked orders that are not among `issued`, and return them.

    Issues none for a tenant without the seller's legal lines, because a receipt without them is not valid.
    """
    by_order: dict[UUID, list[Receipt]] = {}
    for document in issued:
        by_order.setdefault(document.order_id, []).append(document)
    missing = [
        (order, content) for order in locked for content in _list_missing(order, by_order.get(order.id, []))
    ]
    if missing and tenant.seller is None:
        log.warning("receipts_not_issued", documents=len(missing), reason="no_seller")
        return []
    documents = [
        _draft(tenant, order, content, by_order.setdefault(order.id, [])) for order, content in missing
    ]
    receipts.number(tenant, documents)
    for document in documents:
        log.info("receipt_issued", order_number=document.order_number, receipt=document.label)
    _alert_of_dates_ahead(tenant, documents)
    return documents


def _alert_of_dates_ahead(tenant: Tenant, documents: Sequence[Receipt]) -> None:
    """Raise one alert for each series and date, while documents bear the date of a clock that was ahead.

    Dates never decrease within a series, so its documents bear that date until it is past.
    """
    latest = utc_now() + due_receipts.MAX_DATE_AHEAD
    ahead = {
        (document.kind, document.livemode, document.year): document
        for document in documents
        if document.issued_at > latest
    }
    for (kind, livemode, year), document in ahead.items():
        series = receipt_series(tenant.order_prefix, kind, year, livemode=livemode)
        until = document.issued_at.astimezone(ZoneInfo(document.time_zone)).date()
        alerts.raise_alert(
            tenant.id,
            kind=AlertKind.RECEIPT_DATE_AHEAD,
            subject=f"{series} until {until}",
            once=True,
            receipt=document.label,
        )


def list_due(order: Order, issued: Sequence[Receipt]) -> list[ReceiptContent]:
    """Return the content of every document that the order needs, where these are issued already."""
    return due_receipts.list_due(order, {document.subject for document in issued if document.is_of_sale})


def _list_missing(order: Order, issued: Sequence[Receipt]) -> list[ReceiptContent]:
    keys = {(document.kind, document.subject) for document in issued}
    return [content for content in list_due(order, issued) if (content.kind, content.subject) not in keys]


def _draft(tenant: Tenant, order: Order, content: ReceiptContent, documents: list[Receipt]) -> Receipt:
    """One document without its number, added to the order's `documents`."""
    corrected = _find_corrected(content, documents)
    seller = {**(tenant.seller or {}), "brand": tenant.name}
    if corrected is not None:
        taxes = {name: value for name, value in corrected.seller.items() if name in _TAXES}
        seller = {name: value for name, value in seller.items() if name not in _TAXES} | taxes
    document = receipts.draft(
        tenant,
        order,
        kind=content.kind,
        subject=content.subject,
        corrects=corrected,
        moved_at=content.moved_at,
        amount=content.amount,
        vat_amount=_vat_amount(content, corrected, documents, seller.get("vat_rate")),
        currency=content.currency,
        seller=seller,
        lines=content.lines,
    )
    documents.append(document)
    return document


def _find_corrected(content: ReceiptContent, documents: Sequence[Receipt]) -> Receipt | None:
    """The receipt that a credit note corrects, or the credit note that a further receipt corrects."""
    if content.is_of_sale:
        return None
    if content.kind is ReceiptKind.CREDIT_NOTE:
        key = ReceiptKind.RECEIPT, content.payment_intent_id
    else:
        key = ReceiptKind.CREDIT_NOTE, content.subject
    return next(document for document in documents if (document.kind, document.subject) == key)


def _vat_amount(
    content: ReceiptContent, corrected: Receipt | None, documents: Sequence[Receipt], rate: str | None
) -> int | None:
    """The VAT in the amount. The credit notes of several partial refunds add up to the VAT of the sale."""
    if rate is None:
        return None
    if corrected is None:
        return due_receipts.included_vat(content.amount, rate)
    if content.kind is ReceiptKind.RECEIPT:
        return corrected.vat_amount
    of_sale = list(_list_of_sale(corrected, documents))
    remaining = sum(document.signed_amount for document in of_sale) - content.amount
    if remaining < 0:
        return due_receipts.included_vat(content.amount, rate)
    vat = sum(document.signed_vat for document in of_sale) - due_receipts.included_vat(remaining, rate)
    return min(max(vat, 0), content.amount)


def _list_of_sale(receipt: Receipt, documents: Sequence[Receipt]) -> Iterator[Receipt]:
    """The receipt of one sale, its credit notes, and the receipts that correct those."""
    credit_note_ids = {document.id for document in documents if document.corrects_id == receipt.id}
    return (
        document
        for document in documents
        if document is receipt or document.id in credit_note_ids or document.corrects_id in credit_note_ids
    )

"""Issuing: every sale has its receipt, every return of its money a credit note, in the transaction that settles it."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import structlog

from lumira.database import at_the_end, atomic, db
from lumira.domain import due_receipts
from lumira.domain.due_receipts import Terms
from lumira.models import Order, Receipt, ReceiptKind, Tenant
from lumira.repositories import order_lists, orders, receipts, tenants

log = structlog.get_logger()

#: What a paper takes from the one that it corrects, whatever the seller's lines say by then.
_TAXES = ("vat_rate", "vat_note")
#: Orders that are looked through at a time.
_PAGE = 200


def issue_at_the_end(order: Order, *, is_new: bool) -> None:
    """Issue what a settled order asks for, as the last thing in this transaction.

    After all else, the relay job included: every sale of a tenant waits for the counter of its numbers, which stays
    locked from then on until the commit. The relay job takes a lock too, but a transaction that waits for that one
    does not hold the counter.
    `is_new` says that the order was fulfilled just now, so that no receipt of it can exist and none is looked up.
    """
    is_paid_again = sum(payment.has_succeeded for payment in order.payments) > 1
    if is_new or is_paid_again or any(refund.has_succeeded for refund in order.refunds):
        # Who settles a batch has loaded its tenant, and may have let it go by the end.
        at_the_end(_issue_all, (tenants.get(order.tenant_id), order, is_new), is_last=True)


def _issue_all(settled: Sequence[tuple[Tenant, Order, bool]]) -> None:
    # What was noted of refunds has its times once it is written.
    db.session.flush()
    tenant = settled[0][0]
    new = {order.id for _, order, is_new in settled if is_new}
    known = receipts.known_of(tenant.id, [order.id for _, order, _ in settled if order.id not in new])
    issue(tenant, {order.id: order for _, order, _ in settled}.values(), known)


def issue(tenant: Tenant, locked: Iterable[Order], known: Sequence[Receipt]) -> list[Receipt]:
    """Issue what locked orders ask for beyond the papers that are known of them.

    Nothing where the tenant has no seller's legal lines: a receipt without them would be none.
    """
    by_order: dict[UUID, list[Receipt]] = {}
    for paper in known:
        by_order.setdefault(paper.order_id, []).append(paper)
    missing = [(order, terms) for order in locked for terms in _missing(order, by_order.get(order.id, []))]
    if missing and tenant.seller is None:
        log.warning("receipts_not_issued", papers=len(missing), reason="no_seller")
        return []
    papers = [_draw_up(tenant, order, terms, by_order.setdefault(order.id, [])) for order, terms in missing]
    receipts.number(tenant, papers)
    for paper in papers:
        log.info("receipt_issued", order_number=paper.order_number, receipt=paper.label)
    return papers


def _missing(order: Order, known: Sequence[Receipt]) -> list[Terms]:
    issued = {(paper.kind, paper.subject) for paper in known}
    return [terms for terms in _due(order, known) if (terms.kind, terms.subject) not in issued]


def _due(order: Order, known: Sequence[Receipt]) -> list[Terms]:
    return due_receipts.list_due(order, {paper.subject for paper in known if paper.is_of_sale})


def _draw_up(tenant: Tenant, order: Order, terms: Terms, papers: list[Receipt]) -> Receipt:
    """One paper without its number, which is not known before it is written down."""
    corrects = _corrected(terms, papers)
    seller = {**(tenant.seller or {}), "brand": tenant.name}
    if corrects is not None:
        taxes = {name: value for name, value in corrects.seller.items() if name in _TAXES}
        seller = {name: value for name, value in seller.items() if name not in _TAXES} | taxes
    paper = receipts.draft(
        tenant,
        order,
        kind=terms.kind,
        subject=terms.subject,
        corrects=corrects,
        moved_at=terms.moved_at,
        amount=terms.amount,
        vat_amount=_vat(terms, corrects, papers, seller.get("vat_rate")),
        currency=terms.currency,
        seller=seller,
        lines=terms.lines,
    )
    papers.append(paper)
    return paper


def _corrected(terms: Terms, papers: Sequence[Receipt]) -> Receipt | None:
    """The receipt from which a credit note takes, or the credit note that a further receipt takes back."""
    if terms.is_of_sale:
        return None
    if terms.kind is ReceiptKind.CREDIT_NOTE:
        wanted = ReceiptKind.RECEIPT, terms.payment_intent_id
    else:
        wanted = ReceiptKind.CREDIT_NOTE, terms.subject
    return next(paper for paper in papers if (paper.kind, paper.subject) == wanted)


def _vat(terms: Terms, corrects: Receipt | None, papers: Sequence[Receipt], rate: str | None) -> int | None:
    """The VAT in it; of a credit note so much that several returns of all the money return all of its VAT."""
    if rate is None:
        return None
    if corrects is None:
        return due_receipts.included_vat(terms.amount, rate)
    if terms.kind is ReceiptKind.RECEIPT:
        return corrects.vat_amount
    family = list(_family(corrects, papers))
    left = sum(paper.signed_amount for paper in family) - terms.amount
    if left < 0:
        return due_receipts.included_vat(terms.amount, rate)
    vat = sum(paper.signed_vat for paper in family) - due_receipts.included_vat(left, rate)
    return min(max(vat, 0), terms.amount)


def _family(sale: Receipt, papers: Sequence[Receipt]) -> Iterator[Receipt]:
    """The receipt of one sale, its credit notes, and what takes those back."""
    notes = {paper.id for paper in papers if paper.corrects_id == sale.id}
    return (paper for paper in papers if paper is sale or paper.id in notes or paper.corrects_id in notes)


def issue_missing(tenant_id: int) -> Iterator[Receipt]:
    """Issue what is missing, each order's in a transaction of its own; dated today, as a number's place asks for.

    For sales that were made before there were a seller's legal lines.
    """
    for order_id in _suspects(tenant_id):
        with atomic(tenant_id):
            order = orders.lock_order(tenant_id, order_id)
            issued = issue(tenants.get(tenant_id), [order], receipts.known_of(tenant_id, [order_id]))
        yield from issued


def list_disagreements(tenant_id: int) -> list[str]:
    """A sentence for every order whose papers do not say what its payments and refunds say."""
    found: list[str] = []
    for order_id in _suspects(tenant_id):
        with atomic(tenant_id):
            # Locked, so that nothing is issued between the look at its money and that at its papers.
            order = orders.lock_order(tenant_id, order_id)
            found += _compare(order, receipts.known_of(tenant_id, [order_id]))
    return found


def _compare(order: Order, papers: Sequence[Receipt]) -> Iterator[str]:
    due = {(each.kind, each.subject): each for each in _due(order, papers)}
    issued = {(each.kind, each.subject): each for each in papers}
    for key, terms in due.items():
        paper = issued.get(key)
        if paper is None:
            yield f"order {order.order_number}: its {_named(terms)} is missing"
        elif (paper.amount, paper.currency) != (terms.amount, terms.currency):
            yield f"{paper.label}: says {paper.amount} {paper.currency}, the money {terms.amount} {terms.currency}"
    for key, paper in issued.items():
        if key not in due:
            yield f"{paper.label}: no money of order {order.order_number} belongs to it"


def _named(terms: Terms) -> str:
    if terms.kind is ReceiptKind.CREDIT_NOTE:
        return f"credit note for {terms.subject}"
    return "receipt" if terms.is_of_sale else f"receipt that takes {terms.subject} back"


def _suspects(tenant_id: int) -> list[UUID]:
    """Orders whose money and papers differ at a first look, newest first."""
    suspects: list[UUID] = []
    after = None
    while True:
        with atomic(tenant_id):
            page, after = order_lists.list_orders(
                tenant_id, order_lists.OrderFilter(after=after, limit=_PAGE)
            )
            papers = receipts.known_of(tenant_id, [order.id for order in page])
        suspects += [
            order.id
            for order in page
            if any(_compare(order, [paper for paper in papers if paper.order_id == order.id]))
        ]
        if after is None:
            return suspects

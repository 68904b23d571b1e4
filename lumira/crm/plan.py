"""What a task is to write, loaded whole and computed before the calls."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from lumira.clients.dolibarr import NewLine
from lumira.crm.problems import RecordParked, RecordWaits
from lumira.crm.work import Work
from lumira.domain.crm import lines as crm_lines
from lumira.domain.crm import work as crm_work
from lumira.domain.crm.lines import CrmLine
from lumira.domain.crm.reasons import CrmReason
from lumira.domain.crm.work import CrmDocument
from lumira.models import CrmElement, CrmTaskKind, LostDisputePolicy, Order
from lumira.repositories.crm import crm_links, crm_tasks
from lumira.repositories.orders import orders

_REFUND, _LOST, _CORRECTION = "Remboursement", "Litige perdu", "Annulation de l'avoir"


@dataclass(frozen=True, slots=True)
class Plan:
    """One document: its lines, and what it must add up to in minor units."""

    document: CrmDocument
    order_id: UUID
    order_number: str
    amount: int
    day: date
    #: Positive, with VAT by rate.
    parts: dict[str, int]
    lines: tuple[NewLine, ...]
    is_free: bool

    @property
    def moved_at(self) -> datetime:
        return self.document.moved_at


def plan_order(work: Work) -> Plan | None:
    """Return the plan of the order of a task; `None` if the order is not to be written any more."""
    with work.turn.recording():
        order, _ = _load(work)
        document = crm_work.find_document(order, CrmTaskKind.ORDER, str(order.id), ())
        if document is None:
            return None
        return _plan(work, order, document, _lines(work, order, document.amount))


def plan_invoice(work: Work) -> Plan | None:
    """Return the plan of the invoice of a task; `None` if its facts have changed so that there is none."""
    with work.turn.recording():
        order, written = _load(work)
        document = crm_work.find_document(order, CrmTaskKind.INVOICE, work.task.subject, written)
        if document is None:
            return None
        if document.corrects is None:
            return _plan(work, order, document, _lines(work, order, document.amount))
        note = crm_links.find(work.tenant_id, CrmElement.INVOICE, document.corrects)
        if note is None or not note.amounts_by_rate:
            # Nothing was taken from the invoice.
            return None
        parts = crm_lines.split(
            min(document.amount, sum(note.amounts_by_rate.values())), note.amounts_by_rate
        )
        return _plan(work, order, document, crm_lines.lines_by_rate(_CORRECTION, parts))


def plan_credit_note(work: Work) -> Plan | None:
    """Return the plan of the credit note of a task, within what remains of its invoice; `None` if there is none.

    Raises `RecordWaits` while its invoice is to be written, and `RecordParked` if more is refunded than remains.
    """
    with work.turn.recording():
        order, written = _load(work)
        document = crm_work.find_document(order, CrmTaskKind.CREDIT_NOTE, work.task.subject, written)
        if document is None or _is_left_to_operator(work, document):
            return None
        invoice_id = document.payment_intent_id or ""
        if crm_tasks.is_undone(work.tenant_id, CrmTaskKind.INVOICE, invoice_id):
            raise RecordWaits
        parts = _parts_of_note(work, order, document, written)
        if not parts:
            return None
        name = _LOST if document.is_dispute else _REFUND
        return _plan(work, order, document, crm_lines.lines_by_rate(name, parts, quantity=-1))


def _is_left_to_operator(work: Work, document: CrmDocument) -> bool:
    return document.is_dispute and work.connection.lost_disputes is LostDisputePolicy.REVIEW


def _load(work: Work) -> tuple[Order, set[str]]:
    if work.task.order_id is None:
        raise ValueError("A document has an order.")
    order = orders.get_order(work.tenant_id, str(work.task.order_id))
    return order, crm_tasks.list_written(work.tenant_id, order.id)


def _lines(work: Work, order: Order, amount: int) -> list[CrmLine]:
    connection = work.connection
    return crm_lines.lines_of(order, amount, rates=connection.vat_rates, seller=connection.seller)


def _parts_of_note(work: Work, order: Order, document: CrmDocument, written: set[str]) -> dict[str, int]:
    """Return the amounts of a credit note by VAT rate; nothing for a lost dispute of which nothing remains."""
    sale = crm_work.find_document(order, CrmTaskKind.INVOICE, document.payment_intent_id or "", written)
    links = crm_links.list_of_order(work.tenant_id, order.id)
    invoice = next((link for link in links if link.subject == document.payment_intent_id), None)
    if invoice is not None and invoice.amounts_by_rate is not None:
        invoiced = invoice.amounts_by_rate
    elif sale is not None:
        invoiced = crm_lines.amounts_by_rate(_lines(work, order, sale.amount))
    else:
        raise RecordParked(CrmReason.INVOICE_MISSING)
    about = {each.subject: each for each in crm_work.list_documents(order, written)}
    corrected = {each.corrects for each in about.values() if each.corrects is not None}
    credited = [
        link.amounts_by_rate
        for link in links
        if link.is_credit_note
        and link.amounts_by_rate is not None
        and link.subject != document.subject
        and link.subject not in corrected
        and link.subject in about
        and about[link.subject].payment_intent_id == document.payment_intent_id
    ]
    remaining = crm_lines.remaining_of(invoiced, credited)
    if document.amount > sum(remaining.values()) and not document.is_dispute:
        raise RecordParked(CrmReason.EXCEEDS_INVOICE)
    return crm_lines.split(min(document.amount, sum(remaining.values())), remaining)


def _plan(work: Work, order: Order, document: CrmDocument, lines: list[CrmLine]) -> Plan:
    currency = work.connection.account.currency
    if document.currency != currency:
        raise RecordParked(CrmReason.CURRENCY_DIFFERS, f"{document.currency} / {currency}")
    return Plan(
        document=document,
        order_id=order.id,
        order_number=order.order_number,
        amount=abs(sum(line.amount for line in lines)),
        day=document.moved_at.astimezone(work.connection.time_zone).date(),
        parts=crm_lines.amounts_by_rate(lines),
        lines=tuple(new_line(line, currency) for line in lines),
        is_free=order.is_free,
    )


def new_line(line: CrmLine, currency: str) -> NewLine:
    """Return a line as the client sends it."""
    return NewLine(
        description=line.description,
        quantity=line.quantity,
        unit_price=line.price_without_vat(currency),
        vat_rate=line.vat_rate,
        is_service=line.is_service,
    )

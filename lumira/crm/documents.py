"""Orders, invoices and credit notes: looked up, created, compared with what was charged, validated and paid.

Each step looks first: it may have been done by an attempt whose reply was lost, or by staff.
"""

from decimal import Decimal

from lumira.clients import dolibarr
from lumira.clients.dolibarr import (
    DolibarrDuplicate,
    DolibarrRefused,
    Invoice,
    InvoiceStatus,
    Order,
    OrderStatus,
    Payment,
    RefusalReason,
)
from lumira.clock import utc_now
from lumira.crm import lookups
from lumira.crm import plan as plans
from lumira.crm.plan import Plan
from lumira.crm.problems import RecordParked
from lumira.crm.third_parties import ensure_third_party
from lumira.crm.work import Work
from lumira.domain.crm.lines import CrmLine
from lumira.domain.crm.reasons import CrmReason
from lumira.models import CrmElement
from lumira.repositories.crm import crm_links

_ROUNDING = "Arrondi"


def write_order(work: Work) -> None:
    """Write the order of the task; a free one is closed, because no invoice follows."""
    plan = plans.plan_order(work)
    if plan is None:
        return
    order = _ensure_order(work, plan)
    if plan.is_free:
        work.call(dolibarr.close_order, order.id)
    _link_order(work, plan, order, is_complete=True)


def write_invoice(work: Work) -> None:
    """Write the invoice of the task with its payment; that of a sale completes its order."""
    plan = plans.plan_invoice(work)
    if plan is None:
        return
    order = None
    if plan.document.is_sale:
        of_order = plans.plan_order(work)
        order = None if of_order is None else _ensure_order(work, of_order)
    invoice = lookups.find_invoice(work, plan.document.subject) or _create_invoice(work, plan, order)
    invoice = _validate(work, plan, invoice, total=plan.amount)
    _pay(work, plan, invoice)
    if order is not None:
        work.call(dolibarr.set_order_invoiced, order.id)
        work.call(dolibarr.close_order, order.id)
    _link_invoice(work, plan, invoice, is_complete=True)


def write_credit_note(work: Work) -> None:
    """Write the credit note of the task with its payout."""
    plan = plans.plan_credit_note(work)
    if plan is None:
        return
    note = lookups.find_invoice(work, plan.document.subject) or _create_credit_note(work, plan)
    note = _validate(work, plan, note, total=-plan.amount)
    _pay(work, plan, note)
    _link_invoice(work, plan, note, is_complete=True)


def _ensure_order(work: Work, plan: Plan) -> Order:
    """Return the order in Dolibarr, validated; it is created if it is not there."""
    order = lookups.find_order(work, str(plan.order_id)) or _create_order(work, plan)
    if order.status is OrderStatus.DRAFT:
        if order.total != plan.amount:
            line = _rounding_line(work, order, plan.amount)
            work.call_once(dolibarr.add_order_line, order.id, line)
            order = _read_order(work, order.id)
        if order.total == plan.amount:
            work.call(dolibarr.validate_order, order.id)
            order = _read_order(work, order.id)
    if order.status is OrderStatus.CANCELED:
        raise RecordParked(CrmReason.ORDER_CANCELED, order.ref)
    if order.total != plan.amount:
        raise RecordParked(CrmReason.TOTAL_DIFFERS, order.ref)
    _link_order(work, plan, order, is_complete=False)
    return order


def _create_order(work: Work, plan: Plan) -> Order:
    third_party_id = ensure_third_party(work)
    try:
        created_id = work.call(
            dolibarr.create_order,
            third_party_id=third_party_id,
            lumira_id=str(plan.order_id),
            day=plan.day,
            lines=plan.lines,
            reference=plan.order_number,
        )
    except DolibarrDuplicate:
        found = lookups.find_order(work, str(plan.order_id))
        if found is None:
            raise
        return found
    return _read_order(work, created_id)


def _read_order(work: Work, order_id: int) -> Order:
    order = work.call(dolibarr.find_order, order_id)
    if order is None:
        raise RecordParked(CrmReason.NOT_FOUND)
    return order


def _create_invoice(work: Work, plan: Plan, order: Order | None) -> Invoice:
    third_party_id = order.third_party_id if order is not None else ensure_third_party(work)
    try:
        created_id = work.call(
            dolibarr.create_invoice,
            third_party_id=third_party_id,
            lumira_id=plan.document.subject,
            day=plan.day,
            lines=plan.lines,
            order_id=None if order is None else order.id,
        )
    except DolibarrDuplicate:
        return _find_existing(work, plan)
    return _read_invoice(work, created_id)


def _create_credit_note(work: Work, plan: Plan) -> Invoice:
    source = lookups.find_invoice(work, plan.document.payment_intent_id or "")
    if source is None:
        raise RecordParked(CrmReason.INVOICE_MISSING)
    try:
        created_id = work.call(
            dolibarr.create_credit_note,
            third_party_id=source.third_party_id,
            lumira_id=plan.document.subject,
            day=plan.day,
            lines=plan.lines,
            source_invoice_id=source.id,
        )
    except DolibarrDuplicate:
        return _find_existing(work, plan)
    return _read_invoice(work, created_id)


def _find_existing(work: Work, plan: Plan) -> Invoice:
    """Return the invoice that made the creation fail; another user's key may not see it."""
    found = lookups.find_invoice(work, plan.document.subject)
    if found is None:
        raise RecordParked(CrmReason.DUPLICATE)
    return found


def _read_invoice(work: Work, invoice_id: int) -> Invoice:
    invoice = work.call(dolibarr.find_invoice, invoice_id)
    if invoice is None:
        raise RecordParked(CrmReason.NOT_FOUND)
    return invoice


def _validate(work: Work, plan: Plan, invoice: Invoice, *, total: int) -> Invoice:
    """Return the invoice validated, with exactly this total; raises `RecordParked`."""
    if invoice.status is InvoiceStatus.DRAFT:
        if invoice.paid:
            # A draft that was paid can be neither validated nor deleted.
            raise RecordParked(CrmReason.PAID_ELSEWHERE, invoice.ref)
        if invoice.total != total:
            line = _rounding_line(work, invoice, total)
            work.call_once(dolibarr.add_invoice_line, invoice.id, line)
            invoice = _read_invoice(work, invoice.id)
        if invoice.total == total:
            work.call(dolibarr.validate_invoice, invoice.id)
            invoice = _read_invoice(work, invoice.id)
    if invoice.total != total:
        raise RecordParked(CrmReason.TOTAL_DIFFERS, invoice.ref)
    if invoice.status is InvoiceStatus.ABANDONED:
        raise RecordParked(CrmReason.INVOICE_ABANDONED, invoice.ref)
    if invoice.status is InvoiceStatus.DRAFT:
        raise RecordParked(CrmReason.BLOCKED, invoice.ref)
    _link_invoice(work, plan, invoice, is_complete=False)
    return invoice


def _rounding_line(work: Work, document: Order | Invoice, total: int) -> dolibarr.NewLine:
    """Return the line that makes up for what rounding took; raises `RecordParked` if it is more than that.

    A document gets one such line: if that does not help, another one does not either. A credit note's total can only
    be lowered, because Dolibarr makes each of its lines negative.
    """
    difference = total - document.total
    if (
        abs(difference) > max(len(document.lines), 1)
        or any(line.description == _ROUNDING for line in document.lines)
        or (total < 0 < difference)
    ):
        raise RecordParked(CrmReason.TOTAL_DIFFERS, document.ref)
    line = CrmLine(_ROUNDING, 1, difference, Decimal(0))
    return plans.new_line(line, work.connection.account.currency)


def _pay(work: Work, plan: Plan, invoice: Invoice) -> None:
    """Enter the payment of an invoice, or the payout of a credit note, unless it is entered."""
    if _is_paid(work, plan, invoice):
        return
    if abs(invoice.remaining) != plan.amount or invoice.status is InvoiceStatus.PAID:
        raise RecordParked(CrmReason.PAID_ELSEWHERE, invoice.ref)
    try:
        work.call_once(
            dolibarr.pay_invoice,
            invoice_id=invoice.id,
            amount=plan.amount,
            paid_at=plan.moved_at,
            lumira_id=plan.document.subject,
            payment_type_id=work.connection.payment_type_id,
            bank_account_id=work.connection.bank_account_id,
            comment=plan.order_number,
        )
    except DolibarrRefused as error:
        if error.reason is not RefusalReason.OVERPAID:
            raise
        if not _is_paid(work, plan, _read_invoice(work, invoice.id)):
            reason = CrmReason.PAYOUT_REFUSED if invoice.is_credit_note else CrmReason.PAID_ELSEWHERE
            raise RecordParked(reason, invoice.ref) from None
    if _read_invoice(work, invoice.id).status is not InvoiceStatus.PAID:
        raise RecordParked(CrmReason.TOTAL_DIFFERS, invoice.ref)


def _is_paid(work: Work, plan: Plan, invoice: Invoice) -> bool:
    own = [
        payment
        for payment in work.call(dolibarr.list_payments, invoice.id)
        if _is_own(payment, plan.document.subject)
    ]
    if len(own) > 1:
        raise RecordParked(CrmReason.PAID_TWICE, invoice.ref)
    if own and abs(own[0].amount) != plan.amount:
        raise RecordParked(CrmReason.TOTAL_DIFFERS, invoice.ref)
    return bool(own)


def _is_own(payment: Payment, lumira_id: str) -> bool:
    return lumira_id in (payment.ref_ext, payment.number)


def _link_order(work: Work, plan: Plan, order: Order, *, is_complete: bool) -> None:
    with work.turn.recording():
        link = crm_links.link(
            work.tenant_id,
            CrmElement.ORDER,
            str(plan.order_id),
            order.id,
            customer_id=work.task.customer_id,
            order_id=plan.order_id,
            ref=order.ref,
            amount=plan.amount,
        )
        if is_complete:
            link.synced_at = utc_now()


def _link_invoice(work: Work, plan: Plan, invoice: Invoice, *, is_complete: bool) -> None:
    with work.turn.recording():
        link = crm_links.link(
            work.tenant_id,
            CrmElement.INVOICE,
            plan.document.subject,
            invoice.id,
            customer_id=work.task.customer_id,
            order_id=plan.order_id,
            ref=invoice.ref,
            amount=plan.amount,
            is_credit_note=invoice.is_credit_note,
            amounts_by_rate={rate: abs(amount) for rate, amount in plan.parts.items()},
        )
        if is_complete:
            link.synced_at = utc_now()

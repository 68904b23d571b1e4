"""Payments: nothing keeps one from being entered twice while something remains to be paid."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from lumira.sandbox.dolibarr import invoices
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import DEADLOCK, ApiError, PhpFatal
from lumira.sandbox.dolibarr.installation import Installation
from lumira.sandbox.dolibarr.setup import PAYMENT_TYPES
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import clean, decimal, eight, fitting, integer, short

_CODES = {number: code for number, code, _ in PAYMENT_TYPES}
#: Of parallel payments of one invoice, so many are booked; the next one is the deadlock's victim.
_BOOKED = 2
#: How long a further one waits to see what the others booked.
_PATIENCE_SECONDS = 1


@contextmanager
def numbered(installation: Installation, invoice_id: int) -> Iterator[int]:
    """Number the parallel payments of an invoice; yield how many began before this one."""
    in_flight = installation.payments_in_flight
    with installation.guard:
        before, running = in_flight.get(invoice_id, (0, 0))
        in_flight[invoice_id] = (before + 1, running + 1)
    try:
        yield before
    finally:
        with installation.guard:
            begun, running = in_flight.pop(invoice_id)
            if running > 1:
                in_flight[invoice_id] = (begun, running - 1)


def race(call: Call, invoice_id: int, wanted: object, before: int) -> None:
    """Wait between reading and writing, as long as parallel payments are read meanwhile.

    Two are booked, one is refused with a deadlock, and further ones see what the others booked.
    """
    window = call.settings["race_window_ms"] / 1000
    if before < _BOOKED:
        time.sleep(window)
    elif before == _BOOKED:
        raise ApiError(400, f"Payment error : {DEADLOCK}")
    else:
        deadline = time.monotonic() + window + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            _check(call, invoice_id, wanted)
            time.sleep(window / 10 + 0.001)


def pay(call: Call, invoice: Row, amount: Decimal) -> int:
    """Book a payment, and the line of the bank account; return its id."""
    account = integer(call.body.get("accountid"))
    if call.transaction.get("bankaccount", account) is None:
        raise ApiError(400, "Payment error : ErrorBankAccountNotFound")
    at = integer(call.body.get("datepaye")) or call.now()
    line = {
        "account_id": account,
        "amount": str(amount),
        "label": "(CustomerInvoicePayment)",
        "date": at,
        "type": _CODES.get(integer(call.body.get("paymentid")), ""),
    }
    payment = {
        "invoice_id": invoice["id"],
        "amount": str(amount),
        "date": at,
        "type": line["type"],
        "num": fitting("num_paiement", clean(call.body.get("num_payment")), 50),
        "ref_ext": fitting("ext_payment_id", clean(call.body.get("ref_ext")), 255),
        "comment": clean(call.body.get("comment")),
        "bank_line": call.transaction.insert("bankline", line),
    }
    number = call.transaction.insert("payment", payment)
    shown = {"id": number, "ref": None, "amounts": {str(invoice["id"]): short(amount)}}
    call.trigger("PAYMENT_CUSTOMER_CREATE", {**shown, "ref_ext": payment["ref_ext"]})
    closes = call.body.get("closepaidinvoices") == "yes"
    # The draft is not noticed: it becomes paid with its provisional reference.
    if closes and not invoices.remaining(call, invoice):
        invoices.set_paid(call, invoice)
    return number


def distribute(call: Call) -> Any:
    """``POST invoices/paymentsdistributed``: the amount of a credit note's payout is positive."""
    call.require(12)
    amounts = call.require_field("arrayofamounts")
    for name in ("datepaye", "paymentid", "accountid"):
        call.require_field(name)
    if not isinstance(amounts, dict) or not amounts:
        raise ApiError(400, "arrayofamounts field missing")
    if len(amounts) > 1:
        raise ApiError(400, "The sandbox takes the payment of one invoice at a time")
    ((written, inner),) = amounts.items()
    if not isinstance(inner, dict) or not {"amount", "multicurrency_amount"} <= inner.keys():
        raise PhpFatal
    return _distribute(call, integer(written), inner["amount"])


def _distribute(call: Call, invoice_id: int, wanted: object) -> int:
    with numbered(call.installation, invoice_id) as before:
        invoice = _check(call, invoice_id, wanted)
        race(call, invoice_id, wanted, before)
        amount = abs(invoices.remaining(call, invoice)) if wanted == "remain" else decimal(wanted)
        is_payout = invoice["type"] == invoices.CREDIT_NOTE
        number = pay(call, invoice, -amount if is_payout else amount)
        call.commit()
        return number


def _check(call: Call, invoice_id: int, wanted: object) -> Row:
    invoice = call.transaction.get(invoices.KIND, invoice_id)
    if invoice is None:
        raise ApiError(404, f"Invoice ID {invoice_id} not found")
    remaining, amount = invoices.remaining(call, invoice), decimal(wanted)
    is_payout = invoice["type"] == invoices.CREDIT_NOTE and not call.settings["refuses_payouts"]
    if wanted != "remain" and amount > (-remaining if is_payout else remaining):
        raise ApiError(
            400,
            f"Payment amount on invoice ID {invoice_id} ({short(amount)}) is higher than remain to pay "
            f"({short(remaining)})",
        )
    return invoice


def pay_all(call: Call, number: str) -> Any:
    """``POST invoices/{id}/payments``: always the whole remainder, and with the wrong sign for a credit note."""
    call.require(12)
    for name in ("datepaye", "paymentid", "closepaidinvoices", "accountid"):
        call.require_field(name)
    invoice = invoices.find(call, number)
    call.body.pop("ref_ext", None)
    return pay(call, invoice, abs(invoices.remaining(call, invoice)))


def list_all(call: Call, number: str) -> Any:
    """``GET invoices/{id}/payments``"""
    call.require(11)
    if call.transaction.get(invoices.KIND, int(number)) is None:
        raise ApiError(404, "Invoice not found")
    offset = call.settings["utc_offset"]
    return [
        {
            "amount": eight(payment["amount"]),
            "type": payment["type"],
            "date": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(payment["date"] + offset)),
            "num": payment["num"],
            "ref": f"PAY{payment['id']:06}",
            "ref_ext": payment["ref_ext"],
            "fk_bank_line": str(payment["bank_line"]),
        }
        for payment in call.transaction.list("payment")
        if payment["invoice_id"] == int(number)
    ]


ROUTES = (
    Route("POST", "invoices/paymentsdistributed", distribute, "facture"),
    Route("GET", "invoices/{id}/payments", list_all, "facture"),
    Route("POST", "invoices/{id}/payments", pay_all, "facture"),
)

"""Invoices and credit notes."""

from decimal import Decimal
from typing import Any

from lumira.sandbox.dolibarr import documents, extra, lists
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import ApiError, NothingToDo
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import decimal, eight, integer

KIND = "facture"
CREDIT_NOTE = 2
UNPAID, PAID = 1, 2
_COLUMNS = {
    **documents.COLUMNS,
    "datef": "date",
    "type": "type",
    "fk_facture_source": "source",
    "paye": "paye",
}


def paid(call: Call, row: Row) -> Decimal:
    """Return the sum of the payments."""
    amounts = [decimal(p["amount"]) for p in call.transaction.list("payment") if p["invoice_id"] == row["id"]]
    return sum(amounts, Decimal(0))


def remaining(call: Call, row: Row) -> Decimal:
    """Return what remains to be paid; negative for a credit note."""
    return decimal(row.get("total_ttc")) - paid(call, row) - decimal(row.get("converted"))


def show(call: Call, row: Row) -> dict[str, Any]:
    """Return an invoice as the API returns it."""
    return {
        **documents.show(call, row),
        "type": str(row["type"]),
        "paye": "1" if row["status"] == PAID else "0",
        "fk_facture_source": None if row["source"] is None else str(row["source"]),
        "totalpaid": eight(paid(call, row)),
        "totalcreditnotes": eight(0),
        "totaldeposits": eight(0),
        "remaintopay": eight(remaining(call, row)),
        "linkedObjectsIds": {"commande": {"1": str(row["order_id"])}} if row["order_id"] else [],
    }


def _show_in_list(call: Call, row: Row) -> dict[str, Any]:
    return {
        **show(call, row),
        "totalpaid": eight(paid(call, row)),
        "remaintopay": eight(remaining(call, row)),
    }


def list_all(call: Call) -> Any:
    call.require(11)
    return lists.reply(
        call,
        call.transaction.list(KIND),
        lambda row: _show_in_list(call, row),
        columns=_COLUMNS,
        extra_fields=call.installation.extra_fields(KIND),
        empty="No invoice found" if call.is_old else None,
    )


def find(call: Call, number: str) -> Row:
    """Return an invoice, locked; raises 404."""
    row = call.transaction.lock(KIND, int(number))
    if row is None:
        raise ApiError(404, "Invoice not found")
    return row


def get(call: Call, number: str) -> Any:
    call.require(11)
    row = call.transaction.get(KIND, int(number))
    if row is None:
        raise ApiError(404, "Invoice not found")
    return show(call, row)


def get_by_reference(call: Call, _: str) -> Any:
    """Broken in this version: every reference gets the same error."""
    call.require(11)
    raise ApiError(400, "No invoice with id=0 can exist")


def post(call: Call) -> Any:
    """A credit note without its invoice is accepted, and so is one that is higher."""
    call.require(12)
    kind = integer(call.body.get("type"))
    row = documents.new(call, KIND, sign=-1 if kind == CREDIT_NOTE else 1)
    linked = call.body.get("linked_objects")
    row |= {
        "type": kind,
        "source": integer(call.body.get("fk_facture_source")) or None,
        "order_id": integer(linked.get("commande")) if isinstance(linked, dict) else 0,
        "converted": "0",
    }
    call.transaction.put(KIND, row)
    call.trigger("BILL_CREATE", {**show(call, row), "ref": None})
    return row["id"]


def post_line(call: Call, number: str) -> Any:
    call.require(12)
    row = find(call, number)
    return documents.add_line(call, KIND, row["id"], sign=-1 if row["type"] == CREDIT_NOTE else 1)


def validate(call: Call, number: str) -> Any:
    """An invoice without lines is refused; one that was paid as a draft stays as it is."""
    call.require(14 if call.settings["advanced_permissions"] else 12)
    row = find(call, number)
    if row["status"] != documents.DRAFT:
        raise NothingToDo
    if not row["lines"]:
        raise ApiError(500, "Error when validating Invoice: ", "ErrorObjectMustHaveLinesToBeValidated")
    documents.validate(call, KIND, row, "IC" if row["type"] == CREDIT_NOTE else "IN")
    call.trigger("BILL_VALIDATE", show(call, row))
    return show(call, row)


def set_paid(call: Call, row: Row) -> None:
    """Close an invoice as paid."""
    row |= {"status": PAID, "tms": call.now()}
    call.transaction.put(KIND, row)
    call.trigger("BILL_PAYED", show(call, row))


def settle(call: Call, number: str) -> Any:
    """``settopaid``"""
    call.require(12)
    row = find(call, number)
    if row["status"] == PAID:
        raise NothingToDo
    set_paid(call, row)
    return show(call, row)


def unpay(call: Call, number: str) -> Any:
    """``settounpaid``"""
    call.require(12)
    row = find(call, number)
    if row["status"] != PAID:
        raise NothingToDo
    row |= {"status": UNPAID, "tms": call.now()}
    call.transaction.put(KIND, row)
    call.trigger("BILL_UNPAYED", show(call, row))
    return show(call, row)


def mark_as_credit(call: Call, number: str) -> Any:
    """``markAsCreditAvailable``: becomes a credit of the customer, and no money goes out."""
    call.require(12)
    row = find(call, number)
    if row["type"] != CREDIT_NOTE:
        raise ApiError(400, "Invoice type not supported")
    if row["status"] == PAID:
        raise ApiError(500, "Alreay paid")
    if row["status"] != UNPAID:
        raise ApiError(500, "Cannot convert: the credit note is a draft")
    row["converted"] = str(remaining(call, row))
    set_paid(call, row)
    return show(call, row)


def put(call: Call, number: str) -> Any:
    """Of what staff may change, only the extra fields."""
    call.require(12)
    row = find(call, number)
    extra.write(call, KIND, KIND, row)
    row["tms"] = call.now()
    call.transaction.put(KIND, row)
    return show(call, row)


def delete(call: Call, number: str) -> Any:
    """A paid one, also if it is a draft, is refused."""
    call.require(19)
    row = find(call, number)
    if row["status"] == PAID or paid(call, row):
        raise ApiError(500, "Error when deleting invoice", "ErrorInvoiceHasPayments")
    call.transaction.delete(KIND, row["id"])
    call.trigger("BILL_DELETE", show(call, row))
    return {"success": {"code": 200, "message": "Invoice deleted"}}


ROUTES = (
    Route("GET", "invoices", list_all, "facture"),
    Route("POST", "invoices", post, "facture"),
    Route("GET", "invoices/ref/{text}", get_by_reference, "facture"),
    Route("GET", "invoices/ref_ext/{text}", get_by_reference, "facture"),
    Route("GET", "invoices/{id}", get, "facture"),
    Route("PUT", "invoices/{id}", put, "facture"),
    Route("DELETE", "invoices/{id}", delete, "facture"),
    Route("POST", "invoices/{id}/lines", post_line, "facture"),
    Route("POST", "invoices/{id}/validate", validate, "facture"),
    Route("POST", "invoices/{id}/settopaid", settle, "facture"),
    Route("POST", "invoices/{id}/settounpaid", unpay, "facture"),
    Route("POST", "invoices/{id}/markAsCreditAvailable", mark_as_credit, "facture"),
)

"""Orders."""

from typing import Any

from lumira.sandbox.dolibarr import documents, extra, lists
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import ApiError, NothingToDo
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import integer

KIND = "commande"
_VALIDATED, _CLOSED = 1, 3
_COLUMNS = {**documents.COLUMNS, "date_commande": "date", "facture": "billed"}


def show(call: Call, row: Row) -> dict[str, Any]:
    """Return an order; this resource returns some numbers as numbers."""
    return {
        **documents.show(call, row),
        "id": row["id"],
        "billed": str(row["billed"]),
        "date_commande": row["date"],
        "linkedObjectsIds": _linked(call, row),
    }


def _linked(call: Call, row: Row) -> Any:
    found = {
        str(i["id"]): str(i["id"]) for i in call.transaction.list("facture") if i["order_id"] == row["id"]
    }
    return {"facture": found} if found else []


def list_all(call: Call) -> Any:
    call.require(81)
    return lists.reply(
        call,
        call.transaction.list(KIND),
        lambda row: show(call, row),
        columns=_COLUMNS,
        extra_fields=call.installation.extra_fields(KIND),
        empty="No order found" if call.is_old else None,
    )


def _find(call: Call, number: str) -> Row:
    row = call.transaction.lock(KIND, int(number))
    if row is None:
        raise ApiError(404, "Order not found")
    return row


def get(call: Call, number: str) -> Any:
    call.require(81)
    row = call.transaction.get(KIND, int(number))
    if row is None:
        raise ApiError(404, "Order not found")
    return show(call, row)


def get_by_reference(call: Call, _: str) -> Any:
    """Broken in this version: every reference gets the same error."""
    call.require(81)
    raise ApiError(400, "No order with id=0 can exist")


def post(call: Call) -> Any:
    call.require(82)
    row = documents.new(call, KIND)
    row["billed"] = 0
    call.transaction.put(KIND, row)
    call.trigger("ORDER_CREATE", {**show(call, row), "ref": None})
    return row["id"]


def post_line(call: Call, number: str) -> Any:
    call.require(82)
    return documents.add_line(call, KIND, int(number))


def validate(call: Call, number: str) -> Any:
    """An order without lines is validated as well."""
    call.require(84 if call.settings["advanced_permissions"] else 82)
    row = _find(call, number)
    if row["status"] != documents.DRAFT:
        raise NothingToDo
    documents.validate(call, KIND, row, "SO")
    call.trigger("ORDER_VALIDATE", show(call, row))
    return show(call, row)


def set_invoiced(call: Call, number: str) -> Any:
    call.require(82)
    row = _find(call, number)
    if row["billed"]:
        raise NothingToDo
    return _changed(call, row, billed=1)


def close(call: Call, number: str) -> Any:
    call.require(87 if call.settings["advanced_permissions"] else 82)
    row = _find(call, number)
    if row["status"] == _CLOSED:
        raise NothingToDo
    if row["status"] < _VALIDATED:
        raise ApiError(500, "Error when closing Order: ", "ErrorOrderIsNotValidated")
    shown = _changed(call, row, status=_CLOSED)
    call.trigger("ORDER_CLOSE", shown)
    return shown


def _changed(call: Call, row: Row, **changes: int) -> dict[str, Any]:
    row |= {**changes, "tms": call.now()}
    call.transaction.put(KIND, row)
    return show(call, row)


def put(call: Call, number: str) -> Any:
    call.require(82)
    row = _find(call, number)
    if "socid" in call.body:
        row["socid"] = integer(call.body["socid"])
    extra.write(call, KIND, KIND, row)
    return _changed(call, row)


def delete(call: Call, number: str) -> Any:
    """Works even on a closed order that was invoiced."""
    call.require(89)
    row = _find(call, number)
    call.transaction.delete(KIND, row["id"])
    call.trigger("ORDER_DELETE", show(call, row))
    return {"success": {"code": 200, "message": "Order deleted"}}


ROUTES = (
    Route("GET", "orders", list_all, "commande"),
    Route("POST", "orders", post, "commande"),
    Route("GET", "orders/ref/{text}", get_by_reference, "commande"),
    Route("GET", "orders/ref_ext/{text}", get_by_reference, "commande"),
    Route("GET", "orders/{id}", get, "commande"),
    Route("PUT", "orders/{id}", put, "commande"),
    Route("DELETE", "orders/{id}", delete, "commande"),
    Route("POST", "orders/{id}/lines", post_line, "commande"),
    Route("POST", "orders/{id}/validate", validate, "commande"),
    Route("POST", "orders/{id}/setinvoiced", set_invoiced, "commande"),
    Route("POST", "orders/{id}/close", close, "commande"),
)

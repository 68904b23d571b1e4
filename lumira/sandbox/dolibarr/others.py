"""Bank accounts, products, contacts, categories and agenda events: as far as a synchronisation needs them."""

import re
from collections.abc import Callable
from typing import Any

from lumira.sandbox.dolibarr import extra, lists, third_parties
from lumira.sandbox.dolibarr.call import Call, Route
from lumira.sandbox.dolibarr.errors import ApiError, DuplicateEntry
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import clean, decimal, eight, fitting, integer, strings

_BY_NAME = {"rowid": "id", "ref": "ref", "label": "label"}


def _list(
    kind: str, right: int, show: Callable[[Row], dict[str, Any]], columns: dict[str, str]
) -> Callable[[Call], Any]:
    def handle(call: Call) -> Any:
        call.require(right)
        return lists.reply(
            call, call.transaction.list(kind), show, columns=columns, extra_fields={}, empty=None
        )

    return handle


def _get(kind: str, right: int, show: Callable[[Row], dict[str, Any]]) -> Callable[[Call, str], Any]:
    def handle(call: Call, number: str) -> Any:
        call.require(right)
        row = call.transaction.get(kind, int(number))
        if row is None:
            raise ApiError(404, f"{kind} not found")
        return show(row)

    return handle


def _show_bank_account(row: Row) -> dict[str, Any]:
    return {**strings(row), "entity": "1", "number": None, "iban": None}


def post_bank_account(call: Call) -> Any:
    call.require(113)
    for name in ("ref", "label", "type", "currency_code", "country_id"):
        call.require_field(name)
    row: Row = {name: clean(call.body[name]) for name in ("ref", "label", "currency_code")}
    row |= {"type": integer(call.body["type"]), "country_id": integer(call.body["country_id"]), "clos": 0}
    if not call.body.get("date_solde"):
        raise ApiError(500, "Error creating bank account", "ErrorFieldRequired", "DateInitialBalance")
    return call.transaction.insert("bankaccount", row)


def post_bank_line(call: Call, number: str) -> Any:
    call.require(112)
    if call.transaction.get("bankaccount", int(number)) is None:
        raise ApiError(404, "account not found")
    line = {
        "account_id": int(number),
        "amount": str(decimal(call.require_field("amount"))),
        "label": clean(call.require_field("label")),
        "date": integer(call.require_field("date")),
        "type": clean(call.require_field("type")),
    }
    return call.transaction.insert("bankline", line)


def list_bank_lines(call: Call, number: str) -> Any:
    call.require(111)
    found = [row for row in call.transaction.list("bankline") if row["account_id"] == int(number)]
    return [{**strings(row), "amount": eight(row["amount"])} for row in found]


def _show_product(row: Row) -> dict[str, Any]:
    return {**strings(row), "array_options": extra.shown(row)}


def post_product(call: Call) -> Any:
    """The reference is rewritten, and unique."""
    call.require(32)
    ref = re.sub(r"[^\w.-]", "_", clean(call.require_field("ref")) or "")
    label = fitting("label", clean(call.require_field("label")), 255)
    is_gross = call.body.get("price_base_type") == "TTC"
    row: Row = {
        "ref": ref,
        "label": label,
        "price": eight(call.body.get("price_ttc" if is_gross else "price")),
        "price_base_type": "TTC" if is_gross else "HT",
        "tva_tx": str(decimal(call.body.get("tva_tx"))),
        "type": integer(call.body.get("type")),
        "status": integer(call.body.get("status")),
        "tms": call.now(),
    }
    row["id"] = call.transaction.insert("product", row)
    try:
        call.transaction.claim("uk_product_ref", ref, ("product", row["id"]))
    except DuplicateEntry:
        raise ApiError(500, "Error creating product", f"ErrorProductAlreadyExists: {ref}") from None
    extra.write(call, "product", "product", row)
    call.transaction.put("product", row)
    return row["id"]


def post_contact(call: Call) -> Any:
    call.require(282)
    row = {
        "lastname": fitting("lastname", clean(call.require_field("lastname")), 50),
        "firstname": fitting("firstname", clean(call.body.get("firstname")), 50),
        "email": fitting("email", clean(call.body.get("email")), 255),
        "socid": integer(call.body.get("socid")),
        "tms": call.now(),
    }
    number = call.transaction.insert("socpeople", row)
    call.trigger("CONTACT_CREATE", {**row, "id": number})
    return number


def post_category(call: Call) -> Any:
    call.require(242)
    label, kind = clean(call.require_field("label")) or "", str(call.require_field("type"))
    number = call.transaction.insert("categorie", {"label": label, "type": kind})
    try:
        call.transaction.claim(f"uk_categorie_{kind}", label, ("categorie", number))
    except DuplicateEntry:
        raise ApiError(500, "Error when creating category", "ErrorCategoryAlreadyExists") from None
    return number


def list_categories(call: Call) -> Any:
    call.require(241)
    kind = call.query.get("type")
    rows = [row for row in call.transaction.list("categorie") if kind in (None, "", row["type"])]
    return lists.reply(call, rows, strings, columns=_BY_NAME, extra_fields={}, empty="No category found")


def add_to_category(call: Call, third_party: str, category: str) -> Any:
    """``PUT thirdparties/{id}/categories/{id}``"""
    call.require(122)
    row = third_parties.find(call, int(third_party))
    if call.transaction.get("categorie", int(category)) is None:
        raise ApiError(404, "category not found")
    links = call.transaction.list("category_link")
    if not any((link["socid"], link["category"]) == (row["id"], int(category)) for link in links):
        call.transaction.insert("category_link", {"socid": row["id"], "category": int(category)})
    return third_parties.show(row)


ROUTES = (
    Route("GET", "bankaccounts", _list("bankaccount", 111, _show_bank_account, _BY_NAME), "banque"),
    Route("POST", "bankaccounts", post_bank_account, "banque"),
    Route("GET", "bankaccounts/{id}", _get("bankaccount", 111, _show_bank_account), "banque"),
    Route("GET", "bankaccounts/{id}/lines", list_bank_lines, "banque"),
    Route("POST", "bankaccounts/{id}/lines", post_bank_line, "banque"),
    Route("GET", "products", _list("product", 31, _show_product, {**_BY_NAME, "tms": "tms"}), "product"),
    Route("POST", "products", post_product, "product"),
    Route("GET", "products/{id}", _get("product", 31, _show_product), "product"),
    Route(
        "GET",
        "contacts",
        _list("socpeople", 281, strings, {"rowid": "id", "email": "email", "tms": "tms"}),
        "societe",
    ),
    Route("POST", "contacts", post_contact, "societe"),
    Route("GET", "contacts/{id}", _get("socpeople", 281, strings), "societe"),
    Route("GET", "categories", list_categories, "categorie"),
    Route("POST", "categories", post_category, "categorie"),
    Route("PUT", "thirdparties/{id}/categories/{id}", add_to_category, "categorie"),
    Route(
        "GET",
        "agendaevents",
        _list("event", 2403, strings, {"rowid": "id", "code": "code", "label": "label"}),
        "agenda",
    ),
)

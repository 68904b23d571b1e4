"""What orders and invoices share: the header, lines and their totals, references, and how they are returned."""

from decimal import Decimal
from typing import Any

from lumira.sandbox.dolibarr import extra
from lumira.sandbox.dolibarr.call import Call
from lumira.sandbox.dolibarr.countries import month_of
from lumira.sandbox.dolibarr.errors import ApiError, DuplicateEntry
from lumira.sandbox.dolibarr.tables import Row
from lumira.sandbox.dolibarr.values import clean, day, decimal, eight, fitting, integer, total, unit

DRAFT = 0
COLUMNS = {
    "rowid": "id", "ref": "ref", "ref_ext": "ref_ext", "ref_client": "ref_client", "fk_soc": "socid",
    "fk_statut": "status", "datec": "datec", "tms": "tms", "total_ttc": "total_ttc", "total_ht": "total_ht",
}  # fmt: skip
_TOTALS = ("total_ht", "total_tva", "total_ttc")
_NULLS = (
    "import_key", "tms", "contact_id", "project", "fk_project", "mode_reglement_code", "cond_reglement_id",
    "note_public", "note_private", "fk_delivery_address", "last_main_doc", "fk_incoterms", "barcode_type",
    "shipping_method_id", "fk_multicurrency", "retained_warranty", "user_validation_id", "warehouse_id",
)  # fmt: skip
#: A line with a negative quantity and price, and one without a price, are accepted: nothing is compared with a product.
_LONGEST_DESCRIPTION = 65_535


def new(call: Call, kind: str, *, sign: int = 1) -> Row:
    """Insert a draft from the body of a call and return it; raises 400 for a missing field."""
    third_party = integer(call.require_field("socid"))
    date = call.require_field("date")
    if call.transaction.get("societe", third_party) is None:
        raise ApiError(500, "Error creating document", "ErrorBadThirdParty")
    now = call.now()
    row: Row = {
        "socid": third_party,
        "date": day(date, utc_offset=call.settings["utc_offset"]),
        "ref_ext": fitting("ref_ext", clean(call.body.get("ref_ext")), 255),
        "ref_client": fitting("ref_client", clean(call.body.get("ref_client")), 255),
        "status": DRAFT,
        "datec": now,
        "tms": now,
        "lines": [],
    }
    row["id"] = call.transaction.insert(kind, row)
    row["ref"] = f"(PROV{row['id']})"
    for sent in call.body.get("lines") or ():
        _append(call, row, sent, sign=sign)
    extra.write(call, kind, kind, row)
    call.transaction.put(kind, row)
    return row


def add_line(call: Call, kind: str, number: int, *, sign: int = 1) -> int:
    """Add a line to a draft and return its id; ``price_base_type`` TTC is honoured here only."""
    row = call.transaction.lock(kind, number)
    if row is None:
        raise ApiError(404, "Document not found")
    if row["status"] != DRAFT:
        raise ApiError(400, "Error: the document is not a draft")
    sent = dict(call.body)
    if sent.get("price_base_type") == "TTC":
        net = decimal(sent.get("subprice")) / (1 + decimal(sent.get("tva_tx")) / 100)
        sent["subprice"] = str(net)
    _append(call, row, sent, sign=sign)
    row["tms"] = call.now()
    call.transaction.put(kind, row)
    return int(row["lines"][-1]["id"])


def _append(call: Call, row: Row, sent: dict[str, Any], *, sign: int) -> None:
    quantity, rate = decimal(sent.get("qty")), decimal(sent.get("tva_tx"))
    price = unit(decimal(sent.get("subprice")), decimals=call.settings["unit_decimals"])
    net, gross = line_totals(quantity, price, rate)
    if sign < 0 < gross:
        # The totals of a credit note become negative either way.
        price, net, gross = -price, -net, -gross
    line = {
        "id": call.transaction.insert("line", {}),
        "desc": fitting("description", clean(sent.get("desc")) or "", _LONGEST_DESCRIPTION),
        "qty": str(quantity),
        "subprice": str(price),
        "tva_tx": str(rate),
        "product_type": integer(sent.get("product_type")),
        "fk_product": integer(sent.get("fk_product")) or None,
        "total_ht": str(net),
        "total_tva": str(gross - net),
        "total_ttc": str(gross),
    }
    row["lines"].append(line)
    for name in _TOTALS:
        row[name] = str(sum((decimal(each[name]) for each in row["lines"]), Decimal(0)))


def line_totals(quantity: Decimal, price: Decimal, rate: Decimal) -> tuple[Decimal, Decimal]:
    """Return the totals of a line without and with VAT, each rounded once from the exact amount."""
    exact = quantity * price
    return total(exact), total(exact * (1 + rate / 100))


def validate(call: Call, kind: str, row: Row, prefix: str) -> None:
    """Give a draft its number; two requests may take the same one, of which the later one fails."""
    start = f"{prefix}{month_of(row['date'] + call.settings['utc_offset'])}-"
    used = [each["ref"] for each in call.transaction.list(kind) if each["ref"].startswith(start)]
    row["ref"] = f"{start}{max((int(ref.rpartition('-')[2]) for ref in used), default=0) + 1:04}"
    try:
        call.transaction.claim(f"uk_{kind}_ref", row["ref"], (kind, row["id"]))
    except DuplicateEntry as error:
        raise ApiError(500, "Error when validating document", str(error)) from None
    row["status"] = 1
    row["tms"] = call.now()
    call.transaction.put(kind, row)


def show(call: Call, row: Row) -> dict[str, Any]:
    """Return a document as the API returns it."""
    return {
        **dict.fromkeys(_NULLS),
        "id": str(row["id"]),
        "ref": row["ref"],
        "ref_ext": row["ref_ext"],
        "ref_client": row["ref_client"],
        "ref_customer": row["ref_client"],
        "socid": str(row["socid"]),
        "status": str(row["status"]),
        "statut": str(row["status"]),
        "date": row["date"],
        "date_creation": row["datec"],
        "date_modification": extra.modified_at(row),
        "entity": "1",
        "multicurrency_code": call.settings["currency"],
        "array_options": extra.shown(row),
        **{name: eight(row.get(name)) for name in _TOTALS},
        "lines": [_show_line(line) for line in row["lines"]],
    }


def _show_line(line: Row) -> dict[str, Any]:
    return {
        "id": str(line["id"]),
        "rowid": str(line["id"]),
        "desc": line["desc"],
        "description": line["desc"],
        "qty": line["qty"],
        "subprice": eight(line["subprice"]),
        "tva_tx": f"{decimal(line['tva_tx']):.4f}",
        "product_type": str(line["product_type"]),
        "fk_product": None if line["fk_product"] is None else str(line["fk_product"]),
        **{name: eight(line[name]) for name in _TOTALS},
        "array_options": [],
    }

"""Replies of Dolibarr as records of Lumira's."""

from collections.abc import Callable
from typing import Any, TypeVar

from lumira.clients.dolibarr import transport, values
from lumira.clients.dolibarr.errors import DolibarrUnknownResult
from lumira.clients.dolibarr.records import (
    EXTRA_FIELD,
    Invoice,
    InvoiceStatus,
    Line,
    Order,
    OrderStatus,
    ThirdParty,
    ThirdPartyFields,
)

T = TypeVar("T")

_CREDIT_NOTE = 2


def read(convert: Callable[[], T]) -> T:
    """Return what `convert` reads in a reply. Raises `DolibarrRefused` (`not_dolibarr`) if it cannot be read."""
    try:
        return convert()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise transport.unreadable() from None


def created_id(reply: Any) -> int:
    """Return the id that a create returned. Raises `DolibarrUnknownResult` if it is no id."""
    try:
        return values.to_id(reply)
    except values.Unreadable:
        raise DolibarrUnknownResult("The reply contains no id.") from None


def third_party(record: values.Json) -> ThirdParty:
    """Return a third party."""
    return ThirdParty(
        id=values.to_id(record["id"]),
        fields=ThirdPartyFields(
            name=values.to_text(record["name"]) or "",
            email=values.to_text(record.get("email")),
            phone=values.to_text(record.get("phone")),
            address=values.to_text(record.get("address")),
            zip=values.to_text(record.get("zip")),
            town=values.to_text(record.get("town")),
            country_code=values.to_text(record.get("country_code")),
        ),
        lumira_id=values.extra_field(record, EXTRA_FIELD),
        ref_ext=values.to_text(record.get("ref_ext")),
        code=values.to_text(record.get("code_client")),
        is_customer=values.to_number(record.get("client")) in (1, 3),
        is_open=values.to_number(record.get("status")) == 1,
        modified_at=values.to_time(record.get("date_modification")),
    )


def order(record: values.Json, currency: str) -> Order:
    """Return an order."""
    return Order(
        id=values.to_id(record["id"]),
        ref=values.to_text(record.get("ref")) or "",
        status=OrderStatus(values.to_number(record.get("status"))),
        third_party_id=values.to_id(record["socid"]),
        lumira_id=values.extra_field(record, EXTRA_FIELD),
        ref_ext=values.to_text(record.get("ref_ext")),
        total=values.to_minor_units(record["total_ttc"], currency),
        total_vat=values.to_minor_units(record.get("total_tva"), currency),
        is_invoiced=values.to_bool(record.get("billed")),
        day=values.to_day(record.get("date")),
        modified_at=values.to_time(record.get("date_modification")),
        lines=_lines(record, currency),
    )


def invoice(record: values.Json, currency: str) -> Invoice:
    """Return an invoice or credit note."""
    total = values.to_minor_units(record["total_ttc"], currency)
    paid = values.to_minor_units(record.get("totalpaid"), currency)
    remaining = record.get("remaintopay")
    return Invoice(
        id=values.to_id(record["id"]),
        ref=values.to_text(record.get("ref")) or "",
        status=InvoiceStatus(values.to_number(record.get("status"))),
        is_credit_note=values.to_number(record.get("type")) == _CREDIT_NOTE,
        third_party_id=values.to_id(record["socid"]),
        source_invoice_id=values.to_optional_id(record.get("fk_facture_source")),
        lumira_id=values.extra_field(record, EXTRA_FIELD),
        ref_ext=values.to_text(record.get("ref_ext")),
        total=total,
        total_vat=values.to_minor_units(record.get("total_tva"), currency),
        paid=paid,
        remaining=total - paid if remaining in (None, "") else values.to_minor_units(remaining, currency),
        day=values.to_day(record.get("date")),
        modified_at=values.to_time(record.get("date_modification")),
        lines=_lines(record, currency),
    )


def _lines(record: values.Json, currency: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=values.to_id(line["id"]),
            description=values.to_text(line.get("desc")) or "",
            quantity=values.to_decimal(line.get("qty")),
            unit_price=values.to_decimal(line.get("subprice")),
            vat_rate=values.to_decimal(line.get("tva_tx")),
            total=values.to_minor_units(line.get("total_ttc"), currency),
        )
        for line in record.get("lines") or ()
    )

"""Lines of orders, invoices and credit notes, as they are sent."""

from lumira.clients.dolibarr.records import NewLine

_PRODUCT, _SERVICE = 0, 1


def sent(line: NewLine) -> dict[str, object]:
    """Return a line as Dolibarr reads it. Prices are sent as text: a float would not be the same number."""
    product = {} if line.product_id is None else {"fk_product": line.product_id}
    return {
        "desc": line.description,
        "qty": line.quantity,
        "subprice": f"{line.unit_price:f}",
        "tva_tx": f"{line.vat_rate:f}",
        "product_type": _SERVICE if line.is_service else _PRODUCT,
        **product,
    }

"""Which VAT rate a sold product has, in percent, as the price includes it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def default_rate(seller: Mapping[str, Any] | None) -> Decimal:
    """Return the rate of the tenant's receipts; 0 for a seller that charges no VAT."""
    return Decimal((seller or {}).get("vat_rate") or "0")


def rate_of(product_id: str | None, rates: Mapping[str, Any], seller: Mapping[str, Any] | None) -> Decimal:
    """Return the rate of a product: its own among `rates`, and otherwise that of the tenant's receipts."""
    own = rates.get(product_id) if product_id is not None else None
    return Decimal(own) if own is not None else default_rate(seller)

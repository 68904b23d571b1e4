"""The lines of a document of the CRM: what was sold, by VAT rate, from prices that include it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lumira.domain import shares
from lumira.domain.vat_rates import default_rate, rate_of
from lumira.models import Order, ProductKind
from lumira.money import decimals

#: What the documents of a French seller call these.
_DISCOUNT, _SHIPPING, _DIFFERENCE = "Remise", "Livraison", "Écart avec le paiement"
#: Dolibarr keeps five decimals of a unit's price without VAT.
_KEPT = Decimal("0.00001")


@dataclass(frozen=True, slots=True)
class CrmLine:
    """One line: a number of units at a price with VAT in minor units, which is negative for a discount."""

    description: str
    quantity: int
    unit_amount: int
    vat_rate: Decimal
    is_service: bool = True

    @property
    def amount(self) -> int:
        return self.quantity * self.unit_amount

    def price_without_vat(self, currency: str) -> Decimal:
        """Return the price of one unit without VAT in major units, as Dolibarr stores it."""
        gross = Decimal(self.unit_amount).scaleb(-decimals(currency))
        return (gross / (1 + self.vat_rate / 100)).quantize(_KEPT, ROUND_HALF_UP)


def lines_of(
    order: Order, amount: int, *, rates: Mapping[str, Any], seller: Mapping[str, Any] | None
) -> list[CrmLine]:
    """Return the lines of an order; where another amount was accepted for it, further lines make up the difference."""
    lines: list[CrmLine] = []
    for line in order.lines:
        rate = rate_of(line.product_id, rates, seller)
        is_service = line.kind is not ProductKind.PHYSICAL
        lines.append(CrmLine(line.product_name, line.quantity, line.unit_amount, rate, is_service))
        if line.discount_amount:
            lines.append(CrmLine(_DISCOUNT, 1, -line.discount_amount, rate, is_service))
    if order.shipping_amount:
        own = order.shipping_vat_rate
        rate = Decimal(own) if own is not None else default_rate(seller)
        lines.append(CrmLine(_SHIPPING, 1, order.shipping_amount, rate))
    difference = amount - sum(line.amount for line in lines)
    if difference > 0:
        lines.append(CrmLine(_DIFFERENCE, 1, difference, lines[0].vat_rate, lines[0].is_service))
    elif difference < 0:
        # At each rate its part: no rate is left with less than nothing.
        lines += lines_by_rate(_DIFFERENCE, split(-difference, amounts_by_rate(lines)), quantity=-1)
    return lines


def amounts_by_rate(lines: Sequence[CrmLine]) -> dict[str, int]:
    """Return the amounts with VAT by rate in percent, such as `{"5.5": 1000, "20": 4700}`."""
    amounts: dict[str, int] = {}
    for line in lines:
        rate = f"{line.vat_rate.normalize():f}"
        amounts[rate] = amounts.get(rate, 0) + line.amount
    return {rate: amount for rate, amount in amounts.items() if amount}


def remaining_of(invoiced: Mapping[str, int], credited: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return what remains of an invoice after its credit notes, by rate; nothing where more was credited."""
    return {
        rate: remaining
        for rate, amount in invoiced.items()
        if (remaining := amount - sum(note.get(rate, 0) for note in credited)) > 0
    }


def split(amount: int, among: Mapping[str, int]) -> dict[str, int]:
    """Split an amount by rate, in the proportions of `among`, at most what these amounts are.

    What is lost by rounding down goes to the rates with the largest remainders. Raises `ValueError` for more than all.
    """
    whole = sum(among.values())
    if not 0 <= amount <= whole:
        raise ValueError("An amount that is part of the whole.")
    rates = sorted(among)
    parts = shares.split(amount, [among[rate] for rate in rates])
    return {rate: part for rate, part in zip(rates, parts, strict=True) if part}


def lines_by_rate(description: str, parts: Mapping[str, int], *, quantity: int = 1) -> list[CrmLine]:
    """Return one line for each rate; with the quantity -1 those of a credit note."""
    return [CrmLine(description, quantity, part, Decimal(rate)) for rate, part in sorted(parts.items())]

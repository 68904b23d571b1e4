"""Corrections of the units on hand by an operator, each with its stock movement and its audit entry."""

from dataclasses import dataclass

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.commands import MAX_UNITS
from lumira.errors.catalog import UnitsOutOfRange, UnitsReserved
from lumira.models import StockItem
from lumira.repositories.audit import audit
from lumira.repositories.inventory import stock_counts
from lumira.repositories.inventory.stock_counts import StockFigures


@dataclass(frozen=True, slots=True)
class StockCorrection:
    """The units on hand before a correction, and the product's figures after it."""

    before: int
    after: StockFigures

    @property
    def difference(self) -> int:
        """The units that were added; negative if units were removed, zero if nothing changed."""
        return self.after.on_hand - self.before


def set_stock(tenant_id: int, product_id: str, on_hand: int, *, actor: str) -> StockCorrection:
    """Set the units on hand of a physical product, reserved units included.

    Raises `ProductNotFound`; `Conflict` if the product is digital or more units are reserved; `InvalidQuantity`.
    """
    with atomic(tenant_id):
        item = stock_counts.lock_item(tenant_id, product_id)
        correction = _correct(item, on_hand, actor=actor)
        item.counted_at = utc_now()
        return correction


def adjust_stock(tenant_id: int, product_id: str, difference: int, *, actor: str) -> StockCorrection:
    """Add units to the units on hand, or remove them if `difference` is negative.

    Raises the same errors as `set_stock`.
    """
    with atomic(tenant_id):
        item = stock_counts.lock_item(tenant_id, product_id)
        return _correct(item, item.on_hand + difference, actor=actor)


def _correct(item: StockItem, on_hand: int, *, actor: str) -> StockCorrection:
    before = item.on_hand
    _check_units(item, on_hand)
    if on_hand != before:
        item.on_hand = on_hand
        stock_counts.record_correction(item.tenant_id, item.product_id, on_hand - before, actor=actor)
        audit.record(
            item.tenant_id,
            actor=actor,
            action="stock_corrected",
            subject=f"product:{item.product_id}",
            on_hand=[before, on_hand],
        )
        db.session.flush()
    return StockCorrection(before, StockFigures(item.product_id, item.on_hand, item.reserved, item.sold))


def _check_units(item: StockItem, on_hand: int) -> None:
    if not 0 <= on_hand <= MAX_UNITS:
        raise UnitsOutOfRange(
            f"{item.product_id} cannot have {on_hand} units on hand: the number must be from 0 to {MAX_UNITS}.",
            largest=MAX_UNITS,
        )
    if on_hand < item.reserved:
        raise UnitsReserved(
            f"{item.product_id} cannot have {on_hand} units on hand: "
            f"{item.reserved} of {item.on_hand} are reserved for orders that are being paid.",
            reserved=item.reserved,
        )

"""Correcting stock: a person's count replaces what the figures say, with its movement and its audit entry."""

from lumira.database import atomic
from lumira.repositories import audit, stock_counts
from lumira.repositories.stock_counts import Correction


def set_stock(tenant_id: int, product_id: str, pieces: int, *, actor: str) -> Correction:
    """Put down how many pieces are in the house, those that are reserved included.

    `ProductNotFound`; `Conflict` if the product is not counted or more is reserved; `InvalidQuantity`.
    """
    with atomic(tenant_id):
        correction = stock_counts.set_on_hand(tenant_id, product_id, pieces, actor=actor)
        _audit(tenant_id, correction, actor=actor)
        return correction


def adjust_stock(tenant_id: int, product_id: str, difference: int, *, actor: str) -> Correction:
    """Put down that so many pieces came, or are gone; refuses what `set_stock` does."""
    with atomic(tenant_id):
        correction = stock_counts.adjust(tenant_id, product_id, difference, actor=actor)
        _audit(tenant_id, correction, actor=actor)
        return correction


def _audit(tenant_id: int, correction: Correction, *, actor: str) -> None:
    if correction.difference:
        audit.record(
            tenant_id,
            actor=actor,
            action="stock_corrected",
            subject=f"product:{correction.now.product_id}",
            on_hand=[correction.before, correction.now.on_hand],
        )

"""Counted pieces as a person sees them: counted for the first time, corrected, listed with their story."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import Conflict, InvalidQuantity, ProductNotFound
from lumira.models import (
    MovementReason,
    Order,
    Product,
    ProductKind,
    ReservationState,
    StockItem,
    StockMovement,
    StockReservation,
)

#: The most pieces that are counted of one product: sums of figures stay far below what a column holds.
LARGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """One product's figures; all are zero for goods that were never counted."""

    product_id: str
    on_hand: int
    reserved: int
    sold: int

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person's word changed: the pieces on hand before, and the figures as they are now."""

    before: int
    now: Count

    @property
    def difference(self) -> int:
        return self.now.on_hand - self.before


def begin(tenant_id: int, pieces: Mapping[str, int], *, actor: str) -> dict[str, int]:
    """Count these products from now on, with so many pieces on hand; what is counted already stays untouched.

    Returns the products whose counting began.
    """
    if not pieces:
        return {}
    now = utc_now()
    rows = [
        {"product_id": product_id, "on_hand": on_hand, "reserved": 0, "sold": 0}
        | {"tenant_id": tenant_id, "created_at": now, "updated_at": now}
        for product_id, on_hand in sorted(pieces.items())
    ]
    inserted = insert(StockItem).values(rows).on_conflict_do_nothing().returning(StockItem.product_id)
    begun = set(db.session.execute(inserted).scalars())
    for product_id in sorted(begun):
        _note(tenant_id, product_id, pieces[product_id], actor=actor)
    return {product_id: on_hand for product_id, on_hand in pieces.items() if product_id in begun}


def set_on_hand(tenant_id: int, product_id: str, pieces: int, *, actor: str) -> Correction:
    """There are so many pieces in the house, those that are reserved included; the same number changes nothing.

    `ProductNotFound`; `Conflict` if the product is not counted or more is reserved; `InvalidQuantity`.
    """
    item = _lock(tenant_id, product_id)
    return _correct(item, pieces, actor=actor)


def adjust(tenant_id: int, product_id: str, difference: int, *, actor: str) -> Correction:
    """So many pieces more, or fewer, than were on hand; refuses what `set_on_hand` does."""
    item = _lock(tenant_id, product_id)
    return _correct(item, item.on_hand + difference, actor=actor)


def _lock(tenant_id: int, product_id: str) -> StockItem:
    """A product's figures, which nobody changes until the transaction ends."""
    product = db.session.get(Product, (tenant_id, product_id))
    if product is None:
        raise ProductNotFound(f"There is no product {product_id}.")
    if not product.keeps_stock:
        raise Conflict(f"{product_id} is {product.kind}: only physical products are counted.")
    # Goods that are older than the counting have no figures yet.
    begin(tenant_id, {product_id: 0}, actor="")
    return db.session.execute(
        select(StockItem)
        .where(StockItem.tenant_id == tenant_id, StockItem.product_id == product_id)
        # Not the key: whoever writes a movement only needs the row to stay, and must not be waited for.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one()


def _correct(item: StockItem, pieces: int, *, actor: str) -> Correction:
    before = item.on_hand
    if not 0 <= pieces <= LARGEST:
        raise InvalidQuantity(f"{item.product_id}: {pieces} pieces cannot be; 0 to {LARGEST} can.")
    if pieces < item.reserved:
        raise Conflict(
            f"{item.product_id}: {item.reserved} of {before} are reserved for buyers who are paying, "
            f"so there cannot be {pieces}."
        )
    item.on_hand = pieces
    _note(item.tenant_id, item.product_id, pieces - before, actor=actor)
    db.session.flush()
    return Correction(before, Count(item.product_id, item.on_hand, item.reserved, item.sold))


def _note(tenant_id: int, product_id: str, difference: int, *, actor: str) -> None:
    if difference:
        db.session.add(
            StockMovement(
                tenant_id=tenant_id,
                product_id=product_id,
                order_id=None,
                reason=MovementReason.CORRECTION,
                on_hand=difference,
                reserved=0,
                sold=0,
                actor=actor,
            )
        )


def list_stock(tenant_id: int, product_id: str | None = None) -> list[Count]:
    """The figures of all products that are or were counted, or of one of them, in the catalog's order."""
    item = and_(StockItem.tenant_id == Product.tenant_id, StockItem.product_id == Product.id)
    query = (
        select(
            Product.id,
            func.coalesce(StockItem.on_hand, 0),
            func.coalesce(StockItem.reserved, 0),
            func.coalesce(StockItem.sold, 0),
        )
        .outerjoin(StockItem, item)
        .where(Product.tenant_id == tenant_id)
        .where(or_(Product.kind == ProductKind.PHYSICAL, StockItem.product_id.is_not(None)))
        .order_by(Product.position, Product.id)
    )
    if product_id is not None:
        query = query.where(Product.id == product_id)
    return [Count(*row) for row in db.session.execute(query)]


def list_reservations(tenant_id: int, product_id: str) -> list[tuple[StockReservation, str]]:
    """Who holds pieces of a product now: each reservation with its order's number, the oldest first."""
    rows = db.session.execute(
        select(StockReservation, Order.order_number)
        .join(Order, and_(Order.tenant_id == tenant_id, Order.id == StockReservation.order_id))
        .where(
            StockReservation.tenant_id == tenant_id,
            StockReservation.product_id == product_id,
            StockReservation.state == ReservationState.RESERVED,
        )
        .order_by(StockReservation.id)
    )
    return [(row[0], row[1]) for row in rows]


def list_movements(tenant_id: int, product_id: str, *, limit: int) -> list[tuple[StockMovement, str | None]]:
    """The last movements of a product, each with the number of the order that caused it, the newest first."""
    rows = db.session.execute(
        select(StockMovement, Order.order_number)
        .outerjoin(Order, and_(Order.tenant_id == tenant_id, Order.id == StockMovement.order_id))
        .where(StockMovement.tenant_id == tenant_id, StockMovement.product_id == product_id)
        .order_by(StockMovement.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]

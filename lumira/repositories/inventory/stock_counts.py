"""Stock figures of products: where they start, how an operator's correction is recorded, and lists of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import Conflict
from lumira.errors.catalog import ProductNotFound
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


@dataclass(frozen=True, slots=True)
class StockFigures:
    """The stock figures of one product in units; all are zero for a physical product without a stock item."""

    product_id: str
    on_hand: int
    reserved: int
    sold: int

    @property
    def available(self) -> int:
        """The units that can be bought now."""
        return self.on_hand - self.reserved


def create_items(tenant_id: int, on_hand: Mapping[str, int], *, actor: str) -> dict[str, int]:
    """Create the missing stock items of these products with their first units on hand; existing items stay as they are.

    Returns the units on hand of the items that were created.
    """
    if not on_hand:
        return {}
    now = utc_now()
    rows = [
        {"product_id": product_id, "on_hand": units, "reserved": 0, "sold": 0}
        | {"tenant_id": tenant_id, "created_at": now, "updated_at": now}
        for product_id, units in sorted(on_hand.items())
    ]
    inserted = insert(StockItem).values(rows).on_conflict_do_nothing().returning(StockItem.product_id)
    created = set(db.session.execute(inserted).scalars())
    for product_id in sorted(created):
        if on_hand[product_id]:
            record_correction(tenant_id, product_id, on_hand[product_id], actor=actor)
    return {product_id: units for product_id, units in on_hand.items() if product_id in created}


def lock_item(tenant_id: int, product_id: str) -> StockItem:
    """Return a product's stock item, locked until the transaction ends, and created if it is missing.

    Raises `ProductNotFound`, and `Conflict` if the product is not physical.
    """
    product = db.session.get(Product, (tenant_id, product_id))
    if product is None:
        raise ProductNotFound(f"There is no product {product_id}.")
    if not product.keeps_stock:
        raise Conflict(f"{product_id} has kind {product.kind}: only physical products have stock.")
    # A product that became physical after its first sale has no stock item yet.
    create_items(tenant_id, {product_id: 0}, actor="")
    return db.session.execute(
        select(StockItem)
        .where(StockItem.tenant_id == tenant_id, StockItem.product_id == product_id)
        # Without the key: inserting a movement needs the row only to exist, and must not wait for this lock.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one()


def find_on_hand(tenant_id: int, product_id: str) -> int:
    """Return the product's units on hand, reserved units included, without a lock; 0 if it keeps no stock."""
    query = select(StockItem.on_hand).where(
        StockItem.tenant_id == tenant_id, StockItem.product_id == product_id
    )
    return db.session.execute(query).scalar_one_or_none() or 0


def record_correction(tenant_id: int, product_id: str, difference: int, *, actor: str) -> None:
    """Record the movement of a correction: the change of the units on hand, which is never zero."""
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


def remove_counted_again(order: Order, product_id: str, units: int, *, actor: str) -> bool:
    """Remove returned units of an order from the units on hand, if an operator has counted these since the sale.

    Returns whether they were removed.
    """
    sold_at = (
        select(func.max(StockMovement.created_at))
        .where(
            StockMovement.tenant_id == order.tenant_id,
            StockMovement.order_id == order.id,
            StockMovement.product_id == product_id,
            StockMovement.reason == MovementReason.SALE,
        )
        .scalar_subquery()
    )
    removed = db.session.execute(
        update(StockItem)
        .where(StockItem.tenant_id == order.tenant_id, StockItem.product_id == product_id)
        .where(StockItem.counted_at > sold_at, StockItem.on_hand - units >= StockItem.reserved)
        .values(on_hand=StockItem.on_hand - units, updated_at=utc_now())
        .returning(StockItem.product_id)
        .execution_options(synchronize_session=False)
    )
    if removed.first() is None:
        return False
    record_correction(order.tenant_id, product_id, -units, actor=actor)
    return True


def list_stock(tenant_id: int, product_ids: Collection[str] | None = None) -> list[StockFigures]:
    """Return the figures of physical products and stock items: of all or some products, in the catalog's order."""
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
    if product_ids is not None:
        query = query.where(Product.id.in_(product_ids))
    return [StockFigures(*row) for row in db.session.execute(query)]


def list_reservations(tenant_id: int, product_id: str) -> list[tuple[StockReservation, str]]:
    """Return the current reservations of a product, each with its order's number, oldest first."""
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
    """Return the last movements of a product, newest first, each with the number of the order that caused it."""
    rows = db.session.execute(
        select(StockMovement, Order.order_number)
        .outerjoin(Order, and_(Order.tenant_id == tenant_id, Order.id == StockMovement.order_id))
        .where(StockMovement.tenant_id == tenant_id, StockMovement.product_id == product_id)
        .order_by(StockMovement.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]

"""The products of a tenant: read for checkout, lists and the catalog."""

from collections.abc import Collection

from sqlalchemy import func, literal, or_, select, tuple_

from lumira.database import db
from lumira.errors.catalog import LevelNotFound, ProductNotFound
from lumira.models import Product


def list_products(tenant_id: int) -> list[Product]:
    """The products on sale, levels included, in the order of the catalog file."""
    return list(
        db.session.execute(
            select(Product)
            .where(Product.tenant_id == tenant_id, Product.active)
            .order_by(Product.position, Product.id)
        ).scalars()
    )


def list_with_group(tenant_id: int, product: Product) -> list[Product]:
    """Return the product with the other products of its group, on sale or not, in the order of the catalog."""
    if product.group_id is None:
        return [product]
    query = select(Product).where(Product.tenant_id == tenant_id, Product.group_id == product.group_id)
    return list(db.session.execute(query.order_by(Product.position, Product.id)).scalars())


def list_in_catalog_order(tenant_id: int) -> list[Product]:
    """Return all products, on sale or not, in the order of the catalog."""
    query = select(Product).where(Product.tenant_id == tenant_id).order_by(Product.position, Product.id)
    return list(db.session.execute(query).scalars())


def list_all(tenant_id: int) -> list[Product]:
    """All products by their names, also those that are no longer on sale."""
    query = select(Product).where(Product.tenant_id == tenant_id).order_by(Product.name, Product.id)
    return list(db.session.execute(query).scalars())


def list_for_operators(
    tenant_id: int, *, text: str = "", group_id: str = "", after: Product | None = None, limit: int
) -> list[Product]:
    """Return products, those on sale first, in the order of the catalog file: the first ones, or those after one.

    With a text, only those whose name or id contains it; with a group, only its variants.
    """
    is_off_sale = ~Product.active
    query = select(Product).where(Product.tenant_id == tenant_id)
    if text:
        query = query.where(
            or_(Product.name.icontains(text, autoescape=True), Product.id.icontains(text, autoescape=True))
        )
    if group_id:
        query = query.where(Product.group_id == group_id)
    if after is not None:
        query = query.where(
            tuple_(is_off_sale, Product.position, Product.id)
            > tuple_(literal(not after.active), literal(after.position), literal(after.id))
        )
    ordered = query.order_by(is_off_sale, Product.position, Product.id).limit(limit)
    return list(db.session.execute(ordered).scalars())


def get_product(tenant_id: int, product_id: str) -> Product:
    """One product on sale; raises `ProductNotFound` if the tenant does not sell it."""
    product = db.session.get(Product, (tenant_id, product_id))
    if product is None or not product.active:
        raise ProductNotFound(f"There is no product {product_id} on sale.")
    return product


def lock_product(tenant_id: int, product_id: str) -> Product:
    """Return a product, on sale or not, locked until the transaction ends; raises `ProductNotFound`.

    Sales go on meanwhile: the lock excludes neither readers nor references.
    """
    query = select(Product).where(Product.tenant_id == tenant_id, Product.id == product_id)
    product = db.session.execute(query.with_for_update(key_share=True)).scalar_one_or_none()
    if product is None:
        raise ProductNotFound(f"There is no product {product_id}.")
    return product


def list_by_ids(tenant_id: int, product_ids: Collection[str]) -> dict[str, Product]:
    """Return these products by id, on sale or not."""
    query = select(Product).where(Product.tenant_id == tenant_id, Product.id.in_(product_ids))
    return {product.id: product for product in db.session.execute(query).scalars()}


def names_of(tenant_id: int, product_ids: Collection[str]) -> dict[str, str]:
    """Return the names of these products by id, whether or not they are on sale."""
    if not product_ids:
        return {}
    query = select(Product.id, Product.name).where(
        Product.tenant_id == tenant_id, Product.id.in_(list(product_ids))
    )
    return {row.id: row.name for row in db.session.execute(query)}


def list_levels(tenant_id: int) -> list[Product]:
    """The levels on sale, by number."""
    return list(
        db.session.execute(
            select(Product)
            .where(Product.tenant_id == tenant_id, Product.active, Product.level_number.is_not(None))
            .order_by(Product.level_number)
        ).scalars()
    )


def list_included(product: Product) -> list[str]:
    """Return the ids of the levels on sale that this product includes, the highest first."""
    if not product.includes_lower_levels or product.level_number is None:
        return []
    lower = [
        level.id
        for level in list_levels(product.tenant_id)
        if level.level_number is not None and level.level_number < product.level_number
    ]
    return lower[::-1]


def find_level_id(tenant_id: int, number: int) -> str | None:
    """Return the id of the product that has this level number, on sale or not; `None` if there is none."""
    return db.session.execute(
        select(Product.id).where(Product.tenant_id == tenant_id, Product.level_number == number)
    ).scalar_one_or_none()


def get_level(tenant_id: int, number: int) -> Product:
    """The level with this number; raises `LevelNotFound` if it is not on sale."""
    level = db.session.execute(
        select(Product).where(Product.tenant_id == tenant_id, Product.active, Product.level_number == number)
    ).scalar_one_or_none()
    if level is None:
        raise LevelNotFound(f"There is no level {number} on sale.")
    return level


def next_position(tenant_id: int) -> int:
    """Return the position after that of every product of the tenant."""
    last = db.session.execute(select(func.max(Product.position)).where(Product.tenant_id == tenant_id))
    return (last.scalar_one() or 0) + 1

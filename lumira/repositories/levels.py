"""Levels: products with a number."""

from sqlalchemy import select

from lumira.database import db
from lumira.errors import LevelNotFound
from lumira.models import Product


def list_levels(tenant_id: int) -> list[Product]:
    """The levels on sale, by number."""
    return list(
        db.session.execute(
            select(Product)
            .where(Product.tenant_id == tenant_id, Product.active, Product.level_number.is_not(None))
            .order_by(Product.level_number)
        ).scalars()
    )


def get_level(tenant_id: int, number: int) -> Product:
    """The level with this number; `LevelNotFound` if it is not on sale."""
    level = db.session.execute(
        select(Product).where(Product.tenant_id == tenant_id, Product.active, Product.level_number == number)
    ).scalar_one_or_none()
    if level is None:
        raise LevelNotFound(f"There is no level {number}.")
    return level

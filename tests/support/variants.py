"""A group of a brand with variants: shirts in two sizes and two colours, of which one combination is not made."""

from lumira.database import atomic, db
from lumira.models import PartialRefundPolicy, Product, ProductGroup, ProductKind
from lumira.repositories.inventory import stock_counts
from lumira.repositories.tenants import tenants
from tests.support.factories import Brand

#: By id: size, colour, price in minor units, and units on hand.
VARIANTS = {
    "tee-s-blue": ("S", "blue", 2500, 5),
    "tee-m-blue": ("M", "blue", 2500, 0),
    "tee-s-red": ("S", "red", 2900, 5),
}


def add_variants(brand: Brand) -> None:
    """Add the group `tee` and its variants."""
    with atomic(brand.id) as session:
        session.add(
            ProductGroup(
                tenant_id=brand.id,
                id="tee",
                name="Tee",
                description="Cotton",
                options=[
                    {"name": "Size", "values": ["S", "M"]},
                    {"name": "Colour", "values": ["blue", "red"]},
                ],
            )
        )
        session.flush()
        for position, (product_id, (size, color, amount, _)) in enumerate(VARIANTS.items()):
            session.add(
                Product(
                    tenant_id=brand.id,
                    id=product_id,
                    kind=ProductKind.PHYSICAL,
                    name=f"Tee, {size}, {color}",
                    description="Cotton",
                    amount=amount,
                    currency="eur",
                    position=100 + position,
                    active=True,
                    on_partial_refund=PartialRefundPolicy.KEEP,
                    group_id="tee",
                    options={"Size": size, "Colour": color},
                )
            )
        session.flush()
        stock_counts.create_items(
            brand.id, {product_id: units for product_id, (*_, units) in VARIANTS.items()}, actor="test"
        )
        tenants.lock(brand.id).catalog_version += 1


def product_row(brand: Brand, product_id: str) -> Product:
    """The row of a product."""
    with atomic(brand.id):
        return db.session.get_one(Product, (brand.id, product_id))

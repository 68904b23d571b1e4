"""Add a product in the dashboard, by the rules of the catalog file."""

from dataclasses import replace

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import LevelNumberTaken, ProductIdTaken
from lumira.models import Product, ProductKind
from lumira.repositories import catalog_products, products, stock_counts, tenants
from lumira.repositories.catalog_products import COMPARED, CatalogProduct, FieldChange
from lumira.services.catalog.audit_catalog import audit_product


@retried
def add_product(tenant_id: int, described: CatalogProduct, *, active: bool, actor: str) -> bool:
    """Add a product, on sale or not; return whether it is new. An equal one that was added here is the same product.

    The values are validated by the caller, with the schema of the catalog file. A catalog file that lacks the product
    would take it off sale: it is refused unless it is applied with `overwrite`. Raises `ProductIdTaken`, and
    `LevelNumberTaken` also if the other level is not on sale.
    """
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        existing = products.list_by_ids(tenant_id, [described.id]).get(described.id)
        if existing is not None:
            if _is_same(existing, described, active=active):
                # The form was sent twice.
                return False
            raise ProductIdTaken(f"The id {described.id} is that of another product.", product=described.id)
        _check_level_number(tenant_id, described.level_number)
        change = catalog_products.add(
            tenant,
            described,
            products.next_position(tenant_id),
            active=active,
            edited_at=utc_now(),
        )
        fields = change.fields
        if described.kind is ProductKind.PHYSICAL:
            stock_counts.create_items(tenant_id, {described.id: described.stock}, actor=actor)
            fields += (FieldChange("stock", None, described.stock),)
        tenant.catalog_version += 1
        audit_product(tenant_id, replace(change, fields=fields), actor=actor)
        return True


def _is_same(product: Product, described: CatalogProduct, *, active: bool) -> bool:
    return (
        product.edited_at is not None
        and product.active is active
        and all(getattr(product, name) == getattr(described, name) for name in COMPARED)
    )


def _check_level_number(tenant_id: int, number: int | None) -> None:
    if number is None:
        return
    holder = products.find_level_id(tenant_id, number)
    if holder is not None:
        raise LevelNumberTaken(f"Level {number} is the product {holder}.", number=number, product=holder)

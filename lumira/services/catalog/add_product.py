"""Add a product in the dashboard, by the rules of the catalog file."""

from dataclasses import replace

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.product_groups import fits
from lumira.errors import ChangedMeanwhile, CombinationTaken, ProductGroupNotFound
from lumira.errors.catalog import LevelNumberTaken, ProductIdTaken
from lumira.models import Product, ProductKind
from lumira.repositories.catalog import catalog_products, product_groups, product_images, products
from lumira.repositories.catalog.catalog_products import COMPARED, CatalogProduct, FieldChange
from lumira.repositories.inventory import stock_counts
from lumira.repositories.tenants import tenants
from lumira.services.catalog.audit_catalog import audit_product


@retried
def add_product(tenant_id: int, described: CatalogProduct, *, active: bool, actor: str) -> bool:
    """Add a product, on sale or not; return whether it is new. An equal one that was added here is the same product.

    The values are validated by the caller, with the schema of the catalog file. A catalog file that lacks the product
    would take it off sale: it is refused unless it is applied with `overwrite`. Raises `ProductIdTaken`;
    `LevelNumberTaken` and `CombinationTaken` also if the other product is not on sale; `ProductGroupNotFound`; and
    `ChangedMeanwhile` if its group has other options now.
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
        _check_combination(tenant_id, described)
        change = catalog_products.add(
            tenant,
            described,
            products.next_position(tenant_id),
            active=active,
            edited_at=utc_now(),
        )
        fields = change.fields
        if described.group_id is not None:
            db.session.flush()
            row = products.list_by_ids(tenant_id, [described.id])[described.id]
            product_images.note_shown(tenant_id, products.list_with_group(tenant_id, row))
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
        and (product.group_id, product.options) == (described.group_id, described.options)
        and all(getattr(product, name) == getattr(described, name) for name in COMPARED)
    )


def _check_level_number(tenant_id: int, number: int | None) -> None:
    if number is None:
        return
    holder = products.find_level_id(tenant_id, number)
    if holder is not None:
        raise LevelNumberTaken(f"Level {number} is the product {holder}.", number=number, product=holder)


def _check_combination(tenant_id: int, described: CatalogProduct) -> None:
    if described.group_id is None:
        return
    group = product_groups.by_ids(tenant_id, [described.group_id]).get(described.group_id)
    if group is None:
        raise ProductGroupNotFound(f"There is no group {described.group_id}.")
    if not fits(group.options, described.options or {}):
        raise ChangedMeanwhile(f"The group {group.id} has other options now.")
    for variant in product_groups.list_variants(tenant_id, [group.id], on_sale=False):
        if variant.options == described.options:
            raise CombinationTaken(f"The product {variant.id} has these options.", product=variant.id)

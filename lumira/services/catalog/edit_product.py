"""Change a product in the dashboard, by the rules of the catalog file."""

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import ChangedMeanwhile
from lumira.repositories import products, tenants
from lumira.repositories.catalog_products import CatalogProduct, Change, FieldChange, ProductChange
from lumira.services.catalog.audit_catalog import audit_product

#: The values that an operator may change. The id, kind and level number are what sales and buyers' access refer to.
EDITABLE = (
    "name",
    "description",
    "amount",
    "on_partial_refund",
    "restock_on_refund",
    "delayed_methods",
    "access_days",
    "includes_lower_levels",
)


@retried
def edit_product(
    tenant_id: int, described: CatalogProduct, *, active: bool, actor: str, seen: str | None = None
) -> bool:
    """Change a product, on sale or not; return whether anything changed. Raises `ProductNotFound`.

    The values are validated by the caller, with the schema of the catalog file. Orders do not change: their lines froze
    what was sold. From now on a catalog file that has other values is refused unless it is applied with `overwrite`.
    Raises `ChangedMeanwhile` if `seen`, the time of the change that the operator saw, is not that of the last one.
    """
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, described.id)
        values = {name: getattr(described, name) for name in EDITABLE} | {"active": active}
        fields = tuple(
            FieldChange(name, getattr(product, name), value)
            for name, value in values.items()
            if getattr(product, name) != value
        )
        if not fields:
            return False
        if seen not in (None, product.updated_at.isoformat()):
            raise ChangedMeanwhile(f"The product {product.id} was changed meanwhile.")
        for field in fields:
            setattr(product, field.name, field.after)
        product.edited_at = utc_now()
        tenant.catalog_version += 1
        audit_product(tenant_id, ProductChange(product.id, Change.CHANGED, fields), actor=actor)
        return True

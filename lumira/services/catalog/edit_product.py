"""Change a product in the dashboard, by the rules of the catalog file."""

from dataclasses import dataclass

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.repositories import products, tenants
from lumira.repositories.products import Change, FieldChange, ProductChange
from lumira.services.catalog.audit_catalog import audit_product


@dataclass(frozen=True, slots=True)
class ProductEdit:
    """The values that an operator may change; `amount` in minor units of the product's currency."""

    name: str
    description: str
    amount: int
    active: bool


@retried
def edit_product(tenant_id: int, product_id: str, edit: ProductEdit, *, actor: str) -> bool:
    """Change a product, on sale or not; return whether anything changed. Raises `ProductNotFound`.

    The values are validated by the caller, with the schema of the catalog file. Orders do not change: their lines froze
    what was sold. From now on a catalog file that has other values is refused unless it is applied with `overwrite`.
    """
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, product_id)
        fields = tuple(
            FieldChange(name, getattr(product, name), getattr(edit, name))
            for name in ProductEdit.__dataclass_fields__
            if getattr(product, name) != getattr(edit, name)
        )
        if not fields:
            return False
        for field in fields:
            setattr(product, field.name, field.after)
        product.edited_at = utc_now()
        tenant.catalog_version += 1
        audit_product(tenant_id, ProductChange(product.id, Change.CHANGED, fields), actor=actor)
        return True

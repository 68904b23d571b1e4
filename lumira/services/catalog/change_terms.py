"""Write changed terms of a product, for the use cases of operators, in their transaction."""

from collections.abc import Mapping
from typing import Any

from lumira.clock import utc_now
from lumira.errors import ChangedMeanwhile
from lumira.models import Product, Tenant
from lumira.repositories.catalog_products import Change, FieldChange, ProductChange
from lumira.services.catalog.audit_catalog import audit_product


def change_terms(
    tenant: Tenant, product: Product, values: Mapping[str, Any], *, actor: str, seen: str | None
) -> bool:
    """Give a locked product these values; return whether anything changed.

    From now on a catalog file that has other values is refused unless it is applied with `overwrite`.
    Raises `ChangedMeanwhile` if `seen`, the time of the change that the operator saw, is not that of the last one.
    """
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
    audit_product(tenant.id, ProductChange(product.id, Change.CHANGED, fields), actor=actor)
    return True

"""Write changed terms of a product, for the use cases of operators, in their transaction."""

from collections.abc import Mapping
from typing import Any

from lumira.models import Product, Tenant
from lumira.repositories.catalog.catalog_products import differing, write
from lumira.services.catalog.product_edits import note_edit, require_unchanged


def change_terms(
    tenant: Tenant, product: Product, values: Mapping[str, Any], *, actor: str, seen: str | None
) -> bool:
    """Give a locked product these values; return whether anything changed.

    Raises `ChangedMeanwhile` if `seen`, the time of the change that the operator saw, is not that of the last one.
    """
    fields = differing(product, values)
    # The same form, sent again, changes nothing and is not refused.
    require_unchanged(product, not fields or seen in (None, product.updated_at.isoformat()))
    write(product, fields)
    return note_edit(tenant, product, fields, actor=actor)

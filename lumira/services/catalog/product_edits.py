"""What every change of a product by an operator does, in the transaction of its use case."""

from lumira.clock import utc_now
from lumira.errors import ChangedMeanwhile
from lumira.models import Product, Tenant
from lumira.repositories.catalog.catalog_products import Change, FieldChange, ProductChange
from lumira.services.catalog.audit_catalog import audit_product


def require_unchanged(product: Product, is_unchanged: bool) -> None:
    """Raise `ChangedMeanwhile` unless the product is as the operator saw it."""
    if not is_unchanged:
        raise ChangedMeanwhile(f"The product {product.id} was changed meanwhile.")


def note_edit(tenant: Tenant, product: Product, fields: tuple[FieldChange, ...], *, actor: str) -> bool:
    """Note that these fields of a locked product were changed; return whether there are any.

    From now on a catalog file that has other values is refused unless it is applied with `overwrite`.
    """
    if not fields:
        return False
    product.edited_at = utc_now()
    tenant.catalog_version += 1
    audit_product(tenant.id, ProductChange(product.id, Change.CHANGED, fields), actor=actor)
    return True

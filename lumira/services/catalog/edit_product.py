"""Change a product in the dashboard, by the rules of the catalog file."""

from lumira.database import atomic, retried
from lumira.domain.product_terms import terms_of
from lumira.repositories.catalog import products
from lumira.repositories.catalog.catalog_products import CatalogProduct
from lumira.repositories.tenants import tenants
from lumira.services.catalog.change_terms import change_terms


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
        return change_terms(tenant, product, terms_of(described, active=active), actor=actor, seen=seen)

"""Give a product the terms of the catalog file again, after a change in the dashboard."""

from lumira.database import atomic, retried
from lumira.domain.product_terms import differences_from_file
from lumira.repositories.catalog import products
from lumira.repositories.tenants import tenants
from lumira.services.catalog.change_terms import change_terms


@retried
def take_file_values(tenant_id: int, product_id: str, *, actor: str, seen: str | None = None) -> bool:
    """Return whether anything changed. Raises `ProductNotFound`, and `ChangedMeanwhile` as `edit_product` does.

    The product stays edited: its contents and deliverables may differ from the file, which they are not compared with.
    """
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, product_id)
        values = {difference.name: difference.of_file for difference in differences_from_file(product)}
        return change_terms(tenant, product, values, actor=actor, seen=seen)

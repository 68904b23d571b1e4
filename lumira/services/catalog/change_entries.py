"""Change in the dashboard which contents and deliverables a product has, as a catalog file does."""

from collections.abc import Callable, Mapping, Sequence

from lumira.database import atomic, retried
from lumira.models import Product
from lumira.repositories.catalog import catalog_products, contents, products
from lumira.repositories.catalog.catalog_products import FieldChange
from lumira.repositories.catalog.contents import CatalogContent
from lumira.repositories.tenants import tenants
from lumira.services.catalog.audit_catalog import content_field
from lumira.services.catalog.product_edits import note_edit, require_unchanged


def change_contents(
    tenant_id: int,
    product_id: str,
    described: Sequence[CatalogContent],
    *,
    seen: Sequence[CatalogContent],
    actor: str,
) -> bool:
    """Make the contents of a product equal to `described`; return whether anything changed.

    A content that is no longer listed is hidden from its buyers and keeps its file. The entries are validated by the
    caller, with the schema of the catalog file. Raises `ProductNotFound`, and `ChangedMeanwhile` if `seen` is not what
    the product has.
    """

    def change(product: Product) -> tuple[FieldChange, ...]:
        now = [
            CatalogContent(row.product_id, row.key, row.title, row.kind)
            for row in contents.list_contents(tenant_id, [product_id])
        ]
        require_unchanged(product, now == list(seen))
        return tuple(map(content_field, contents.apply(tenant_id, [product_id], described)))

    return _change(tenant_id, product_id, change, actor=actor)


def change_deliverables(
    tenant_id: int,
    product_id: str,
    described: Sequence[Mapping[str, str]],
    *,
    seen: Sequence[Mapping[str, str]],
    actor: str,
) -> bool:
    """Make the deliverables of a product equal to `described`, for later orders; return whether anything changed.

    Earlier orders keep theirs. Validation and errors are as those of `change_contents`.
    """

    def change(product: Product) -> tuple[FieldChange, ...]:
        require_unchanged(product, product.deliverables == list(seen))
        return catalog_products.change_deliverables(product, described)

    return _change(tenant_id, product_id, change, actor=actor)


@retried
def _change(
    tenant_id: int, product_id: str, change: Callable[[Product], tuple[FieldChange, ...]], *, actor: str
) -> bool:
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, product_id)
        return note_edit(tenant, product, change(product), actor=actor)

"""Finds products of an applied catalog that look renamed: one id was removed, and another with the same name added."""

from collections.abc import Sequence

from lumira.models import Product
from lumira.repositories.catalog import contents, products
from lumira.repositories.catalog.catalog_products import Change, ProductChange
from lumira.repositories.inventory import stock_counts
from lumira.repositories.orders import grants
from lumira.services.catalog.catalog import RenamedProduct


def find_renamed(tenant_id: int, changes: Sequence[ProductChange]) -> tuple[RenamedProduct, ...]:
    """Return the removed products with the name of a new one, in the order of `changes`.

    Of several new products with this name, it is the one with the same price. An id returns to sale as a new one does.
    """
    removed = [change.product_id for change in changes if change.change is Change.REMOVED]
    new = [change.product_id for change in changes if change.change in (Change.ADDED, Change.RESTORED)]
    if not removed or not new:
        return ()
    rows = products.list_by_ids(tenant_id, [*removed, *new])
    candidates = [rows[product_id] for product_id in new]
    renamed: list[RenamedProduct] = []
    for product_id in removed:
        before = rows[product_id]
        same_name = [after for after in candidates if _name_of(after) == _name_of(before)]
        if same_name:
            after = min(same_name, key=lambda product: product.amount != before.amount)
            candidates.remove(after)
            renamed.append(_count(before, after))
    return tuple(renamed)


def _name_of(product: Product) -> str:
    return " ".join(product.name.split()).casefold()


def _count(before: Product, after: Product) -> RenamedProduct:
    tenant_id = before.tenant_id
    return RenamedProduct(
        before=before.id,
        after=after.id,
        units=sum(figures.on_hand for figures in stock_counts.list_stock(tenant_id, [before.id])),
        grants=grants.count_live(tenant_id, [before.id]).get(before.id, 0),
        contents=len(contents.list_contents(tenant_id, [before.id])),
    )

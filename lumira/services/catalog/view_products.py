"""The products of a tenant for an operator: on sale or not, with their image and stock. Changes nothing."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.product_groups import ordered
from lumira.errors import ProductGroupNotFound
from lumira.errors.catalog import ProductNotFound
from lumira.models import (
    Content,
    File,
    Product,
    ProductGroup,
    ProductKind,
    StockMovement,
    StockReservation,
)
from lumira.repositories.catalog import contents, product_groups, product_images, products
from lumira.repositories.catalog.product_images import ShownImage
from lumira.repositories.fulfilment import files
from lumira.repositories.inventory import stock_counts
from lumira.repositories.inventory.stock_counts import StockFigures

__all__ = ["Product", "ProductKind", "view_product", "view_products"]

#: Products of one page of the list.
PAGE = 50
#: Movements of one product that are shown.
MOVEMENTS = 20


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product with its image and stock; `stock` is `None` if its units are not counted."""

    product: Product
    image: ShownImage | None
    stock: StockFigures | None
    group: ProductGroup | None = None

    @property
    def options(self) -> dict[str, str]:
        """Its value of each option, in the order of its group."""
        return {} if self.group is None else ordered(self.group.options, self.product.options or {})


@dataclass(frozen=True, slots=True)
class ProductList:
    """A page of the products; `next` is the id of its last one if more follow."""

    products: list[ListedProduct]
    next: str | None
    #: The group whose variants are listed; `None` for all products.
    group: ProductGroup | None = None


@dataclass(frozen=True, slots=True)
class ProductDetails:
    """One product with what is in it, who reserves its units until when, and how its stock changed."""

    listed: ListedProduct
    #: Each with its file, if it has one.
    contents: list[tuple[Content, File | None]]
    #: Oldest first, each with the number of its order.
    reservations: list[tuple[StockReservation, str]]
    #: Newest first, each with the number of the order that caused it.
    movements: list[tuple[StockMovement, str | None]]


def view_products(tenant_id: int, *, text: str = "", group_id: str = "", after: str = "") -> ProductList:
    """Return a page of the products, those on sale first, in the order of the catalog: the first, or that after one.

    With a text, only those whose name or id contains it; with a group, only its variants. Raises
    `ProductGroupNotFound`.
    """
    with atomic(tenant_id):
        last = products.list_by_ids(tenant_id, [after]).get(after) if after else None
        rows = products.list_for_operators(
            tenant_id, text=text, group_id=group_id, after=last, limit=PAGE + 1
        )
        ids = [row.id for row in rows[:PAGE]]
        images = product_images.by_product(tenant_id, ids)
        counts = stock_counts.list_stock(tenant_id, ids)
        stock = {figures.product_id: figures for figures in counts}
        groups = product_groups.by_ids(tenant_id, {group_id, *(row.group_id or "" for row in rows)} - {""})
        if group_id and group_id not in groups:
            raise ProductGroupNotFound(f"There is no group {group_id}.")
        shown = [
            ListedProduct(row, images.get(row.id), stock.get(row.id), groups.get(row.group_id or ""))
            for row in rows[:PAGE]
        ]
        return ProductList(shown, next=ids[-1] if len(rows) > PAGE else None, group=groups.get(group_id))


def view_product(tenant_id: int, product_id: str) -> ProductDetails:
    """Return one product, on sale or not; raises `ProductNotFound`."""
    with atomic(tenant_id):
        product = products.list_by_ids(tenant_id, [product_id]).get(product_id)
        if product is None:
            raise ProductNotFound(f"There is no product {product_id}.")
        stock = stock_counts.list_stock(tenant_id, [product_id])
        image = product_images.by_product(tenant_id, [product_id]).get(product_id)
        rows = contents.list_contents(tenant_id, [product_id])
        groups = product_groups.by_ids(tenant_id, [product.group_id] if product.group_id else [])
        file_of = files.by_content(tenant_id, [content.id for content in rows])
        return ProductDetails(
            ListedProduct(product, image, stock[0] if stock else None, groups.get(product.group_id or "")),
            [(row, file_of.get(row.id)) for row in rows],
            stock_counts.list_reservations(tenant_id, product_id),
            stock_counts.list_movements(tenant_id, product_id, limit=MOVEMENTS),
        )

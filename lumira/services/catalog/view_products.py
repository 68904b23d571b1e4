"""The products of a tenant for an operator: on sale or not, with their image and stock. Changes nothing."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.errors import ProductNotFound
from lumira.models import Content, File, Product, ProductKind, StockMovement, StockReservation
from lumira.repositories import contents, files, product_images, products, stock_counts
from lumira.repositories.product_images import ShownImage
from lumira.repositories.stock_counts import StockFigures

__all__ = ["Product", "ProductKind", "view_product", "view_products"]

#: Movements of one product that are shown.
MOVEMENTS = 20


@dataclass(frozen=True, slots=True)
class ListedProduct:
    """A product with its image and stock; `stock` is `None` if its units are not counted."""

    product: Product
    image: ShownImage | None
    stock: StockFigures | None


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


def view_products(tenant_id: int) -> list[ListedProduct]:
    """Return all products, those on sale first, in the order of the catalog."""
    with atomic(tenant_id):
        images = product_images.by_product(tenant_id)
        stock = {figures.product_id: figures for figures in stock_counts.list_stock(tenant_id)}
        rows = products.list_for_operators(tenant_id)
        return [ListedProduct(row, images.get(row.id), stock.get(row.id)) for row in rows]


def view_product(tenant_id: int, product_id: str) -> ProductDetails:
    """Return one product, on sale or not; raises `ProductNotFound`."""
    with atomic(tenant_id):
        product = products.list_by_ids(tenant_id, [product_id]).get(product_id)
        if product is None:
            raise ProductNotFound(f"There is no product {product_id}.")
        stock = stock_counts.list_stock(tenant_id, product_id)
        image = product_images.by_product(tenant_id, [product_id]).get(product_id)
        rows = contents.list_contents(tenant_id, [product_id])
        file_of = files.by_content(tenant_id, [content.id for content in rows])
        return ProductDetails(
            ListedProduct(product, image, stock[0] if stock else None),
            [(row, file_of.get(row.id)) for row in rows],
            stock_counts.list_reservations(tenant_id, product_id),
            stock_counts.list_movements(tenant_id, product_id, limit=MOVEMENTS),
        )

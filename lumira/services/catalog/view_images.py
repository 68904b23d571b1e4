"""Images of products, for pages and lists. Changes nothing."""

from lumira.database import atomic
from lumira.repositories.catalog import product_images, products
from lumira.repositories.catalog.product_images import ShownImage


def view_images(tenant_id: int) -> list[ShownImage]:
    """List the images of all products, by product id."""
    with atomic(tenant_id):
        return list(product_images.by_product(tenant_id).values())


def find_image_content(tenant_id: int, product_id: str, *, width: int, version: str) -> bytes | None:
    """Return an image as WebP; `None` if the product has no image of this width and version."""
    with atomic(tenant_id):
        return product_images.find_content(tenant_id, product_id, width=width, version=version)


def find_image_path(tenant_id: int, product_id: str, *, width: int) -> str | None:
    """Return the path of the image that a product shows now, in this width or the next one; `None` without one."""
    with atomic(tenant_id):
        product = products.list_by_ids(tenant_id, [product_id])
        image = product_images.shown_for(tenant_id, list(product.values())).get(product_id)
        return None if image is None else image.path_for(width)

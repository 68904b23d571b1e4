"""Images of products, for pages and lists. Changes nothing."""

from lumira.database import atomic
from lumira.repositories import product_images
from lumira.repositories.product_images import ShownImage


def view_images(tenant_id: int) -> list[ShownImage]:
    """List the images of all products, by product id."""
    with atomic(tenant_id):
        return list(product_images.by_product(tenant_id).values())


def find_image_content(tenant_id: int, product_id: str, *, width: int, version: str) -> bytes | None:
    """Return an image as WebP; `None` if the product has no image of this width and version."""
    with atomic(tenant_id):
        return product_images.find_content(tenant_id, product_id, width=width, version=version)

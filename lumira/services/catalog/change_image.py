"""Upload and remove the image of a product."""

import hashlib
from collections.abc import Callable

from lumira.database import atomic, retried
from lumira.domain import product_images as rules
from lumira.domain.product_images import RenderedSize
from lumira.errors.catalog import ProductNotFound
from lumira.errors.files import FileMissing
from lumira.models import Product, ProductImage, Tenant
from lumira.repositories.audit import audit
from lumira.repositories.catalog import product_images, products
from lumira.repositories.catalog.product_images import NewSize, ShownImage
from lumira.repositories.tenants import tenants


def upload_image(
    tenant_id: int,
    product_id: str,
    content: bytes,
    *,
    alt_fr: str | None = None,
    alt_en: str | None = None,
    actor: str,
    render: Callable[[bytes], list[RenderedSize]] = rules.render_sizes,
) -> tuple[ShownImage, bool]:
    """Store an image of a product in place of the one that it has; return it and whether it changed.

    A text that is `None` stays as it is. A process that serves requests gives a `render` that uses another process.
    Raises `ProductNotFound`, `InvalidFile` and `FileTooLarge`.
    """
    with atomic(tenant_id):
        # Checked before the image is encoded, so that a mistyped product fails at once.
        if not products.list_by_ids(tenant_id, [product_id]):
            raise ProductNotFound(f"There is no product {product_id}.")
    source = hashlib.sha256(content).hexdigest()
    sizes = [
        NewSize(size.width, size.height, hashlib.sha256(size.content).hexdigest(), size.content)
        for size in render(content)
    ]
    return _place(tenant_id, product_id, source, sizes, (alt_fr, alt_en), actor=actor)


@retried
def _place(
    tenant_id: int,
    product_id: str,
    source: str,
    sizes: list[NewSize],
    alt: tuple[str | None, str | None],
    *,
    actor: str,
) -> tuple[ShownImage, bool]:
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, product_id)
        image = product_images.find_image(tenant_id, product.id)
        before = None if image is None else (image.source_sha256, image.alt_fr, image.alt_en)
        if image is None:
            image = ProductImage(tenant_id=tenant_id, product_id=product.id, alt_fr="", alt_en="")
        image.source_sha256 = source
        image.alt_fr, image.alt_en = (
            text if given is None else given.strip()
            for given, text in zip(alt, (image.alt_fr, image.alt_en), strict=True)
        )
        is_changed = before != (image.source_sha256, image.alt_fr, image.alt_en)
        if is_changed:
            product_images.put(image, sizes)
            _note_shown(tenant, product)
            _audit(product.id, tenant_id, "image_uploaded", actor=actor, sha256=source)
        return product_images.by_product(tenant_id, [product.id])[product.id], is_changed


@retried
def describe_image(tenant_id: int, product_id: str, *, alt_fr: str, alt_en: str, actor: str) -> None:
    """Change what the image of a product is said to show. Raises `ProductNotFound`; `FileMissing` without an image."""
    with atomic(tenant_id):
        products.lock_product(tenant_id, product_id)
        image = product_images.find_image(tenant_id, product_id)
        if image is None:
            raise FileMissing(f"The product {product_id} has no image.")
        if (image.alt_fr, image.alt_en) != (alt_fr, alt_en):
            image.alt_fr, image.alt_en = alt_fr, alt_en
            _audit(product_id, tenant_id, "image_described", actor=actor, sha256=image.source_sha256)


@retried
def remove_image(tenant_id: int, product_id: str, *, actor: str) -> None:
    """Remove the image of a product, on sale or not. Raises `ProductNotFound`; `FileMissing` if it has none."""
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        product = products.lock_product(tenant_id, product_id)
        image = product_images.find_image(tenant_id, product_id)
        if image is None:
            raise FileMissing(f"The product {product_id} has no image.")
        product_images.remove(image)
        _note_shown(tenant, product)
        _audit(product_id, tenant_id, "image_removed", actor=actor, sha256=image.source_sha256)


def _note_shown(tenant: Tenant, product: Product) -> None:
    """Let the product, and the variants that are like it, show the images that there are now."""
    if product_images.note_shown(tenant.id, products.list_with_group(tenant.id, product)):
        # The lists of the catalog name the images.
        tenant.catalog_version += 1


def _audit(product_id: str, tenant_id: int, action: str, *, actor: str, sha256: str) -> None:
    audit.record(tenant_id, actor=actor, action=action, subject=f"product:{product_id}", sha256=sha256)

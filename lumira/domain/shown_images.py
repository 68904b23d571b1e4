"""Which image is shown for a product: its own, or that of the variant of its group that is most like it."""

from collections.abc import Mapping, Sequence

from lumira.domain.product_groups import nearest
from lumira.models import Product


def paths_of(products: Sequence[Product], own: Mapping[str, str]) -> dict[str, str | None]:
    """Return the path of the image that each product shows, by product id; `None` if there is none.

    `own` are the paths of the images that were uploaded, by product id, and `products` contains whole groups in the
    order of the catalog. One photograph of each colour suffices for all sizes.
    """
    with_image: dict[str, list[Product]] = {}
    for product in products:
        if product.group_id is not None and product.id in own:
            with_image.setdefault(product.group_id, []).append(product)
    paths: dict[str, str | None] = {}
    for product in products:
        path = own.get(product.id)
        if path is None and product.group_id is not None:
            similar = nearest(product.options or {}, with_image.get(product.group_id, ()))
            path = None if similar is None else own[similar.id]
        paths[product.id] = path
    return paths


def owner_of(path: str | None) -> str | None:
    """Return the id of the product whose image has this path."""
    return None if path is None else path.partition("/")[0]


def images_path(slug: str) -> str:
    """Return the path below which the images of a tenant are served, without the slash before an image's own path."""
    return f"/checkout/{slug}/images"

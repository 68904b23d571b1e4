"""Images of products: stored in their sizes, listed without their content, and read one size at a time."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import distinct_on

from lumira.database import db
from lumira.domain.shown_images import owner_of, paths_of
from lumira.models import Language, OrderLine, Product, ProductImage, ProductImageSize

#: Characters of the content's hash in a URL: enough to name a version.
_VERSION_LENGTH = 16


@dataclass(frozen=True, slots=True)
class ImageSize:
    """One size of an image: its sides in pixels, and the version of its content."""

    width: int
    height: int
    version: str

    @property
    def file_name(self) -> str:
        """The last part of its URL: another content has another name."""
        return f"{self.version}-{self.width}.webp"


@dataclass(frozen=True, slots=True)
class ShownImage:
    """The image of a product without its content: what it shows, and its sizes, the smallest first."""

    product_id: str
    alt_fr: str
    alt_en: str
    sizes: tuple[ImageSize, ...]

    @property
    def path(self) -> str:
        """The end of the URL of its widest size."""
        return f"{self.product_id}/{self.sizes[-1].file_name}"

    def path_for(self, width: int) -> str:
        """The end of the URL of the smallest size with this width in pixels, or of the widest."""
        size = next((size for size in self.sizes if size.width >= width), self.sizes[-1])
        return f"{self.product_id}/{size.file_name}"

    def alt(self, language: str) -> str:
        """What the image shows, in this language or in the other one; empty if the product's name says it."""
        texts = (self.alt_fr, self.alt_en) if language == Language.FRENCH else (self.alt_en, self.alt_fr)
        return next(filter(None, texts), "")


@dataclass(frozen=True, slots=True)
class NewSize:
    """One size of an image that is about to be stored; `sha256` in hexadecimal."""

    width: int
    height: int
    sha256: str
    content: bytes


def find_image(tenant_id: int, product_id: str) -> ProductImage | None:
    """Return the image of a product."""
    return db.session.get(ProductImage, (tenant_id, product_id))


def put(image: ProductImage, sizes: Sequence[NewSize]) -> None:
    """Store an image with its sizes in place of those that it has."""
    db.session.add(image)
    db.session.flush()
    _remove_sizes(image)
    db.session.add_all(
        ProductImageSize(
            tenant_id=image.tenant_id,
            product_id=image.product_id,
            width=size.width,
            height=size.height,
            sha256=size.sha256,
            content=size.content,
        )
        for size in sizes
    )
    db.session.flush()


def remove(image: ProductImage) -> None:
    """Remove an image with its sizes."""
    _remove_sizes(image)
    db.session.delete(image)
    db.session.flush()


def _remove_sizes(image: ProductImage) -> None:
    db.session.execute(
        delete(ProductImageSize).where(
            ProductImageSize.tenant_id == image.tenant_id, ProductImageSize.product_id == image.product_id
        )
    )


def by_product(tenant_id: int, product_ids: Collection[str] | None = None) -> dict[str, ShownImage]:
    """Return the images of these products, or of all, by product id; a product without one is not in it."""
    query = (
        select(
            ProductImage.product_id,
            ProductImage.alt_fr,
            ProductImage.alt_en,
            ProductImageSize.width,
            ProductImageSize.height,
            ProductImageSize.sha256,
        )
        .join(
            ProductImageSize,
            (ProductImageSize.tenant_id == ProductImage.tenant_id)
            & (ProductImageSize.product_id == ProductImage.product_id),
        )
        .where(ProductImage.tenant_id == tenant_id)
        .order_by(ProductImage.product_id, ProductImageSize.width)
    )
    if product_ids is not None:
        query = query.where(ProductImage.product_id.in_(product_ids))
    sizes: dict[tuple[str, str, str], list[ImageSize]] = {}
    for row in db.session.execute(query):
        size = ImageSize(row.width, row.height, row.sha256[:_VERSION_LENGTH])
        sizes.setdefault((row.product_id, row.alt_fr, row.alt_en), []).append(size)
    return {image[0]: ShownImage(*image, tuple(listed)) for image, listed in sizes.items()}


def shown_for(tenant_id: int, products: Collection[Product]) -> dict[str, ShownImage]:
    """Return the image that each product shows, its own or that of a variant like it, by product id."""
    owners = {product.id: owner_of(product.image_path) for product in products}
    images = by_product(tenant_id, set(filter(None, owners.values()))) if any(owners.values()) else {}
    return {product_id: images[owner] for product_id, owner in owners.items() if owner in images}


def shown_on(tenant_id: int, order_lines: Iterable[OrderLine]) -> dict[UUID, ShownImage]:
    """Return the image that the product of each line had when it was sold, as it is now, by the line's id.

    Lines without an image cost no statement.
    """
    owners = {line.id: owner for line in order_lines if (owner := owner_of(line.image_path)) is not None}
    if not owners:
        return {}
    images = by_product(tenant_id, set(owners.values()))
    return {line_id: images[owner] for line_id, owner in owners.items() if owner in images}


def smallest_contents(tenant_id: int, product_ids: Collection[str]) -> dict[str, bytes]:
    """Return the smallest size of the image of each of these products, as WebP, by product id."""
    query = (
        select(ProductImageSize.product_id, ProductImageSize.content)
        .ext(distinct_on(ProductImageSize.product_id))
        .where(ProductImageSize.tenant_id == tenant_id, ProductImageSize.product_id.in_(list(product_ids)))
        .order_by(ProductImageSize.product_id, ProductImageSize.width)
    )
    return {row.product_id: row.content for row in db.session.execute(query)}


def note_shown(tenant_id: int, products: Sequence[Product]) -> bool:
    """Note on these products which image each shows; return whether one changed.

    `products` contains whole groups in the order of the catalog. They do not count as edited.
    """
    own = {image.product_id: image.path for image in by_product(tenant_id).values()}
    paths = paths_of(products, own)
    changed = [product for product in products if product.image_path != paths[product.id]]
    for product in changed:
        db.session.execute(
            update(Product)
            .where(Product.tenant_id == tenant_id, Product.id == product.id)
            .values(image_path=paths[product.id], updated_at=Product.updated_at)
        )
    return bool(changed)


def find_content(tenant_id: int, product_id: str, *, width: int, version: str) -> bytes | None:
    """Return the content of one size; `None` if the product has none, or has another version of it."""
    query = select(ProductImageSize.content).where(
        ProductImageSize.tenant_id == tenant_id,
        ProductImageSize.product_id == product_id,
        ProductImageSize.width == width,
        ProductImageSize.sha256.startswith(version, autoescape=True),
    )
    return db.session.execute(query).scalar_one_or_none()

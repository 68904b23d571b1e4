"""Images of products: stored in their sizes, listed without their content, and read one size at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from lumira.database import db
from lumira.models import Language, ProductImage, ProductImageSize

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


def find_content(tenant_id: int, product_id: str, *, width: int, version: str) -> bytes | None:
    """Return the content of one size; `None` if the product has none, or has another version of it."""
    query = select(ProductImageSize.content).where(
        ProductImageSize.tenant_id == tenant_id,
        ProductImageSize.product_id == product_id,
        ProductImageSize.width == width,
        ProductImageSize.sha256.startswith(version, autoescape=True),
    )
    return db.session.execute(query).scalar_one_or_none()

"""Images of products, in the sizes that the pages show."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import TenantOwned, Timestamped

#: Bytes of one stored size, and pixels of its longer side.
MAX_STORED_BYTES = 1024 * 1024
MAX_SIDE = 4000


class ProductImage(TenantOwned, Timestamped, Base):
    """The image of one product, and what it shows, for readers who do not see it."""

    __tablename__ = "product_images"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
    )

    product_id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    #: Of the uploaded file, so that uploading it again changes nothing.
    source_sha256: Mapped[str]
    #: Empty if the image shows nothing that the product's name does not say.
    alt_fr: Mapped[str]
    alt_en: Mapped[str]


class ProductImageSize(TenantOwned, Base):
    """An image in one width, as it is sent: always WebP, and without the metadata of the uploaded file."""

    __tablename__ = "product_image_sizes"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product_images.tenant_id", "product_images.product_id"],
        ),
        CheckConstraint(
            f"width BETWEEN 1 AND {MAX_SIDE} AND height BETWEEN 1 AND {MAX_SIDE}", name="sides_are_bounded"
        ),
        CheckConstraint(f"octet_length(content) BETWEEN 1 AND {MAX_STORED_BYTES}", name="content_is_bounded"),
    )

    product_id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    #: Pixels.
    width: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, sort_order=-1)
    height: Mapped[int]
    #: Of `content`: the name of this version in its URL.
    sha256: Mapped[str]
    #: Not loaded with the row: pages need the size only.
    content: Mapped[bytes] = mapped_column(deferred=True)

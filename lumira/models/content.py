"""Contents of products, as the catalog lists them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class ContentKind(StrEnum):
    """The kind of a content's file."""

    CARD = "card"
    PDF = "pdf"
    AUDIO = "audio"
    MANDALA = "mandala"
    FILE = "file"


class Content(Identified, Timestamped, Base):
    """A content that every buyer of a product receives; its file can be uploaded later and replaced.

    A content that was removed from the catalog file is not `active`; its row and file stay.
    """

    __tablename__ = "contents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        UniqueConstraint("tenant_id", "product_id", "key"),
        CheckConstraint(one_of("kind", ContentKind), name="kind_is_known"),
    )

    product_id: Mapped[str]
    #: The content's key within its product in the catalog, such as `carte`.
    key: Mapped[str]
    title: Mapped[str]
    kind: Mapped[ContentKind] = mapped_column(choice(ContentKind))
    #: Its position among the contents of its product.
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

"""What a product contains, as the catalog names it."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import Identified, Timestamped, choice, one_of


class ContentKind(StrEnum):
    """What a buyer gets to see, read or hear."""

    CARD = "card"
    PDF = "pdf"
    AUDIO = "audio"
    MANDALA = "mandala"
    FILE = "file"


class Content(Identified, Timestamped, Base):
    """One thing that every buyer of a product gets; its file may be uploaded later, and replaced.

    One that left the catalog file is not `active`: its row stays for the file that it has.
    """

    __tablename__ = "contents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        UniqueConstraint("tenant_id", "product_id", "key"),
        CheckConstraint(one_of("kind", ContentKind), name="kind_is_known"),
    )

    product_id: Mapped[str]
    #: The catalog's own name for it within its product, such as `carte`.
    key: Mapped[str]
    title: Mapped[str]
    kind: Mapped[ContentKind] = mapped_column(choice(ContentKind))
    #: Where it stands among those of its product.
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

"""Groups of products that differ in options, such as size and colour."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import TenantOwned, Timestamped

#: Options of a group.
MAX_OPTIONS = 3


class ProductGroup(TenantOwned, Timestamped, Base):
    """What the variants of a group have in common; each variant is a product with its own price and stock.

    A group is on sale as long as one of its products is. It is never deleted, as products are not.
    """

    __tablename__ = "product_groups"
    __table_args__ = (
        CheckConstraint(
            f"jsonb_typeof(options) = 'array' AND jsonb_array_length(options) BETWEEN 1 AND {MAX_OPTIONS}",
            name="options_are_few",
        ),
    )

    #: The catalog's own name for it, such as `t-shirt`.
    id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    name: Mapped[str]
    description: Mapped[str]
    #: `name` and `values` of each option, both in the order in which buyers read them.
    options: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    #: When an operator last changed it in the dashboard, unless a catalog file that has it was applied since.
    edited_at: Mapped[datetime | None]

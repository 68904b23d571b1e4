"""What a tenant sells."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, TenantOwned, Timestamped, choice, one_of


class ProductKind(StrEnum):
    LEVEL = "level"
    DIGITAL = "digital"
    PHYSICAL = "physical"


class PartialRefundPolicy(StrEnum):
    """What a refund of a part of the price does to the access that was bought."""

    KEEP = "keep"
    REVOKE = "revoke"


class Product(TenantOwned, Timestamped, Base):
    """One row of a tenant's catalog; a level is a product with a number.

    A product is never deleted, because orders point at it; one that left the catalog is not `active`.
    """

    __tablename__ = "products"
    __table_args__ = (
        # Deferred to the commit, so that one apply can swap the numbers of two levels.
        UniqueConstraint("tenant_id", "level_number", deferrable=True, initially="DEFERRED"),
        ForeignKeyConstraint(["tenant_id", "group_id"], ["product_groups.tenant_id", "product_groups.id"]),
        # One product for each combination. Deferred, so that one apply can swap the options of two variants.
        UniqueConstraint("tenant_id", "group_id", "options", deferrable=True, initially="DEFERRED"),
        CheckConstraint("(group_id IS NULL) = (options IS NULL)", name="variants_have_options"),
        CheckConstraint("jsonb_typeof(options) = 'object'", name="options_are_named"),
        CheckConstraint("group_id IS NULL OR kind <> 'level'", name="levels_have_no_group"),
        CheckConstraint(one_of("kind", ProductKind), name="kind_is_known"),
        CheckConstraint(one_of("on_partial_refund", PartialRefundPolicy), name="policy_is_known"),
        CheckConstraint("access_days > 0", name="access_days_are_positive"),
        CheckConstraint("access_days IS NULL OR kind <> 'physical'", name="goods_do_not_expire"),
        CheckConstraint("NOT includes_lower_levels OR level_number IS NOT NULL", name="only_levels_include"),
        CheckConstraint("(kind = 'level') = (level_number IS NOT NULL)", name="levels_are_numbered"),
        CheckConstraint("level_number > 0", name="level_number_is_positive"),
        CheckConstraint("amount BETWEEN 0 AND 999999999999", name="amount_fits_stripe"),
        CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        CheckConstraint("weight > 0", name="weight_is_positive"),
        CheckConstraint("weight IS NULL OR kind = 'physical'", name="only_goods_weigh"),
    )

    #: The catalog's own name for it, such as `mystique`.
    id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    kind: Mapped[ProductKind] = mapped_column(choice(ProductKind))
    name: Mapped[str]
    description: Mapped[str]
    #: Minor units.
    amount: Mapped[MinorUnits]
    currency: Mapped[str] = mapped_column(String(3))
    level_number: Mapped[int | None]
    #: The group of which it is a variant, and its value of each option by the option's name; `None` for both if it is
    #: sold by itself.
    group_id: Mapped[str | None] = mapped_column(String(64))
    options: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    #: The image that is shown for it, its own or that of a variant like it: the end of its URL, such as
    #: `mystique/0123456789abcdef-960.webp`. Follows from the images and options, see `domain.shown_images`.
    image_path: Mapped[str | None]
    #: The position in the catalog file.
    position: Mapped[int]
    active: Mapped[bool]
    #: When an operator last changed it in the dashboard, unless a catalog file that has it was applied since.
    edited_at: Mapped[datetime | None]
    #: The editable terms as the catalog file that was applied last has them; `None` if none has described the product.
    file_values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    on_partial_refund: Mapped[PartialRefundPolicy] = mapped_column(choice(PartialRefundPolicy))
    #: Whether its units are restocked once its order is fully refunded.
    restock_on_refund: Mapped[bool] = mapped_column(default=True)
    #: Whether it can be paid by a method that confirms the payment days later.
    delayed_methods: Mapped[bool] = mapped_column(default=True)
    #: Grams of one unit as it is sent; `None` if the shop does not say.
    weight: Mapped[int | None]
    #: Days of access from fulfillment; `None` for access without an end.
    access_days: Mapped[int | None]
    #: Whether this level includes the levels below it.
    includes_lower_levels: Mapped[bool] = mapped_column(default=False)
    #: The deliverables that are made for each buyer: `key` and `title` of each, in order.
    deliverables: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)

    @property
    def is_free(self) -> bool:
        return self.amount == 0

    @property
    def keeps_stock(self) -> bool:
        """Whether its units are counted."""
        return self.kind is ProductKind.PHYSICAL

    @property
    def grants_access(self) -> bool:
        return self.kind is not ProductKind.PHYSICAL

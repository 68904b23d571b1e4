"""One product of an order, as it was when the order was opened."""

from typing import NamedTuple
from uuid import UUID, uuid5

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Text, UniqueConstraint, false, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from lumira.database import Base
from lumira.models.columns import MinorUnits, OfOrder, choice, one_of
from lumira.models.product import PartialRefundPolicy, ProductKind


class Promise(NamedTuple):
    """One deliverable that is made for the buyer of a line: its id, its key, and its title."""

    id: UUID
    key: str
    title: str


class OrderLine(OfOrder, Base):
    """Product, quantity and unit price, frozen: a later change of the catalog does not reach them.

    A repeated line grants nothing, takes no units and sends no message: its free product is ordered once for each
    customer, and the customer has it from an earlier order, about which the caller must learn nothing.
    """

    __tablename__ = "order_lines"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        UniqueConstraint("tenant_id", "order_id", "product_id"),
        Index("ix_order_lines_by_product", "tenant_id", "product_id", "order_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint("unit_amount >= 0", name="unit_amount_is_not_negative"),
        CheckConstraint(
            "discount_amount BETWEEN 0 AND unit_amount * quantity", name="discount_is_part_of_price"
        ),
        CheckConstraint(one_of("kind", ProductKind), name="kind_is_known"),
        CheckConstraint(one_of("on_partial_refund", PartialRefundPolicy), name="policy_is_known"),
        CheckConstraint("access_days > 0", name="access_days_are_positive"),
        CheckConstraint("access_days IS NULL OR kind <> 'physical'", name="goods_do_not_expire"),
        CheckConstraint("NOT is_repeated OR unit_amount = 0", name="only_free_lines_are_repeated"),
        CheckConstraint(
            "returned_quantity >= 0 AND returned_quantity <= shipped_quantity AND shipped_quantity <= quantity",
            name="shipped_before_returned",
        ),
        CheckConstraint("included_products = '{}' OR level_number IS NOT NULL", name="only_levels_include"),
    )

    order_id: Mapped[UUID]
    position: Mapped[int]
    product_id: Mapped[str]
    #: That of a variant contains the values of its options.
    product_name: Mapped[str]
    #: `Product.image_path` at that time.
    image_path: Mapped[str | None]
    kind: Mapped[ProductKind] = mapped_column(choice(ProductKind))
    level_number: Mapped[int | None]
    quantity: Mapped[int]
    unit_amount: Mapped[MinorUnits]
    #: What a promotion code took off the price of all units together, in minor units.
    discount_amount: Mapped[MinorUnits] = mapped_column(default=0, server_default=text("0"))
    on_partial_refund: Mapped[PartialRefundPolicy] = mapped_column(choice(PartialRefundPolicy))
    #: Whether its units are restocked once the order is fully refunded.
    restock_on_refund: Mapped[bool] = mapped_column(default=True)
    #: Whether the order can be paid by a method that confirms the payment days later.
    delayed_methods: Mapped[bool] = mapped_column(default=True)
    #: Days of access from the order's fulfillment; `None` for access without an end.
    access_days: Mapped[int | None]
    #: The ids of the lower levels that this level includes, the highest first.
    included_products: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list)
    #: The deliverables of this line: `key` and `title` of each, in order.
    deliverables: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list)

    #: Whether the customer has this free product from an earlier order, which another caller opened.
    is_repeated: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: The units in shipments that were sent, and those that came back. Counted from both by settling.
    shipped_quantity: Mapped[int] = mapped_column(default=0, server_default="0")
    returned_quantity: Mapped[int] = mapped_column(default=0, server_default="0")

    @property
    def amount(self) -> int:
        """What all units together cost, in minor units, less the discount."""
        # A line that is not written yet has no default.
        return self.unit_amount * self.quantity - (self.discount_amount or 0)

    @property
    def promises(self) -> list[Promise]:
        """The deliverables of this line; each id follows from the line and the key, and needs no row."""
        entries = () if self.is_repeated else self.deliverables or ()
        return [Promise(uuid5(self.id, entry["key"]), entry["key"], entry["title"]) for entry in entries]

    @property
    def keeps_stock(self) -> bool:
        return self.kind is ProductKind.PHYSICAL and not self.is_repeated

    @property
    def grants_access(self) -> bool:
        return self.kind is not ProductKind.PHYSICAL and not self.is_repeated

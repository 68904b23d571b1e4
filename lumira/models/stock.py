"""Stock of a product: its figures in units, the reservations of orders, and every movement of the figures."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, TenantOwned, Timestamped, choice, one_of


class ReservationState(StrEnum):
    """Whether an order's units are reserved, sold or released."""

    RESERVED = "reserved"
    SOLD = "sold"
    #: No units: released unpaid, or returned after a refund.
    RELEASED = "released"


class MovementReason(StrEnum):
    """Why figures changed."""

    RESERVE = "reserve"
    SALE = "sale"
    RELEASE = "release"
    RETURN = "return"
    #: Entered by an operator or the catalog, the first units on hand included.
    CORRECTION = "correction"


class StockItem(TenantOwned, Timestamped, Base):
    """The stock figures of one product, in units. `on_hand - reserved` units can be bought.

    Each figure is the sum of its movements. The constraints prevent overselling: a unit cannot be reserved twice,
    however many buyers order at the same time.
    """

    __tablename__ = "stock_items"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint("on_hand >= 0 AND reserved >= 0 AND sold >= 0", name="figures_are_not_negative"),
        CheckConstraint("reserved <= on_hand", name="nothing_is_oversold"),
    )

    product_id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    #: Units in stock, reserved units included.
    on_hand: Mapped[int] = mapped_column(default=0)
    #: Units on hand that are reserved for orders that are being paid.
    reserved: Mapped[int] = mapped_column(default=0)
    #: Units that are paid for and not returned.
    sold: Mapped[int] = mapped_column(default=0)
    #: When an operator last counted the units on hand; `None` if none has.
    counted_at: Mapped[datetime | None]

    @property
    def available(self) -> int:
        """The units that can be bought now."""
        return self.on_hand - self.reserved


class StockReservation(Identified, Timestamped, Base):
    """Units of one product for one order: reserved until the order is paid or canceled, then sold or released."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        # The order line references the product. A foreign key to the product or the tenant would make all
        # reservations of a popular product lock that one row, and wait for each other.
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
        ),
        UniqueConstraint("tenant_id", "order_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint(one_of("state", ReservationState), name="state_is_known"),
        CheckConstraint(
            "restocked >= 0 AND restocked < quantity AND (restocked = 0 OR state = 'sold')",
            name="restocked_in_part",
        ),
        Index(
            "ix_stock_reservations_reserved", "tenant_id", "product_id", postgresql_where="state = 'reserved'"
        ),
        Index(
            "ix_stock_reservations_ending", "tenant_id", "expires_at", postgresql_where="state = 'reserved'"
        ),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)
    order_id: Mapped[UUID]
    product_id: Mapped[str]
    quantity: Mapped[int]
    state: Mapped[ReservationState] = mapped_column(choice(ReservationState))
    #: Units of a sold reservation that are in stock again, because a part of the goods was returned. Where all are, the
    #: reservation is released.
    restocked: Mapped[int] = mapped_column(default=0, server_default="0")
    #: When the buyer's time to pay ends. The units are released only once Stripe confirms that nothing was paid.
    expires_at: Mapped[datetime]


class StockMovement(Identified, Base):
    """One change of a product's figures; never updated, so that the figures can be verified."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "product_id"], ["stock_items.tenant_id", "stock_items.product_id"]
        ),
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        CheckConstraint(one_of("reason", MovementReason), name="reason_is_known"),
        CheckConstraint("on_hand <> 0 OR reserved <> 0 OR sold <> 0", name="something_moved"),
        Index("ix_stock_movements_by_product", "tenant_id", "product_id", "id"),
        Index("ix_stock_movements_by_order", "tenant_id", "order_id"),
    )

    #: The stock item references the tenant; a second foreign key would lock the tenant's row (see `StockReservation`).
    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)
    product_id: Mapped[str]
    order_id: Mapped[UUID | None]
    reason: Mapped[MovementReason] = mapped_column(choice(MovementReason))
    #: By how many units each figure changed.
    on_hand: Mapped[int]
    reserved: Mapped[int]
    sold: Mapped[int]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

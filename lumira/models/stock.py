"""Pieces of a product: how many there are, for whom they are kept, and every change of these figures."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import Identified, TenantOwned, Timestamped, choice, one_of


class ReservationState(StrEnum):
    """What an order has of a product's pieces."""

    RESERVED = "reserved"
    SOLD = "sold"
    #: Nothing: given back unpaid, or returned after a refund.
    RELEASED = "released"


class MovementReason(StrEnum):
    """Why a figure changed."""

    RESERVE = "reserve"
    SALE = "sale"
    RELEASE = "release"
    RETURN = "return"
    #: A person's word, the first count included.
    CORRECTION = "correction"


class StockItem(TenantOwned, Timestamped, Base):
    """The figures of one product. What can still be bought is `on_hand - reserved`.

    Each figure is the sum of its movements; the constraints hold what must never happen, so that a piece
    cannot be promised twice whoever asks for it at the same time.
    """

    __tablename__ = "stock_items"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
        CheckConstraint("on_hand >= 0 AND reserved >= 0 AND sold >= 0", name="figures_are_not_negative"),
        CheckConstraint("reserved <= on_hand", name="nothing_is_oversold"),
    )

    product_id: Mapped[str] = mapped_column(String(64), primary_key=True, sort_order=-2)
    #: Pieces in the house, those that are reserved included.
    on_hand: Mapped[int] = mapped_column(default=0)
    #: Of them, kept for buyers who are paying.
    reserved: Mapped[int] = mapped_column(default=0)
    #: Paid for and not returned.
    sold: Mapped[int] = mapped_column(default=0)

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved


class StockReservation(Identified, Timestamped, Base):
    """What one order has of one product: reserved until it is paid or given up, then sold or released."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        # Through its line it points at its product. Checked against the product itself, or the tenant, all holds
        # of a sought-after product would lock that one row together, and wait for each other's bookkeeping.
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
        ),
        UniqueConstraint("tenant_id", "order_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint(one_of("state", ReservationState), name="state_is_known"),
        Index(
            "ix_stock_reservations_reserved", "tenant_id", "product_id", postgresql_where="state = 'reserved'"
        ),
    )

    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)
    order_id: Mapped[UUID]
    product_id: Mapped[str]
    quantity: Mapped[int]
    state: Mapped[ReservationState] = mapped_column(choice(ReservationState))
    #: When the buyer's time is over. Ending the hold is for Stripe to allow: it may have been paid meanwhile.
    expires_at: Mapped[datetime]


class StockMovement(Identified, Base):
    """One change of a product's figures; never altered, so that the figures can be added up again."""

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

    #: Its product's row leads to the tenant; see the reservation for why that is not checked twice.
    tenant_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-3)
    product_id: Mapped[str]
    order_id: Mapped[UUID | None]
    reason: Mapped[MovementReason] = mapped_column(choice(MovementReason))
    #: By how much each figure changed.
    on_hand: Mapped[int]
    reserved: Mapped[int]
    sold: Mapped[int]
    actor: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

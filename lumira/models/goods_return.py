"""Returns: goods that came back from a buyer, in which condition, and whether they are refunded."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from lumira.clock import utc_now
from lumira.database import Base
from lumira.models.columns import FreeText, OfOrder, choice, one_of


class ReturnCondition(StrEnum):
    """Whether the units of a return can be sold again."""

    RESTOCKABLE = "restockable"
    DAMAGED = "damaged"


class GoodsReturnLine(OfOrder, Base):
    """How many units of one product came back in one condition.

    That no more units are returned than were shipped is a constraint of the order's line, which counts them.
    """

    __tablename__ = "return_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "return_id"],
            ["returns.tenant_id", "returns.order_id", "returns.id"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
        ),
        UniqueConstraint("tenant_id", "return_id", "product_id", "condition"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
        CheckConstraint(one_of("condition", ReturnCondition), name="condition_is_known"),
    )

    order_id: Mapped[UUID]
    return_id: Mapped[UUID]
    product_id: Mapped[str]
    quantity: Mapped[int]
    condition: Mapped[ReturnCondition] = mapped_column(choice(ReturnCondition))


class GoodsReturn(OfOrder, Base):
    """Units of an order's goods that the shop received back. A fact: only its reason is erased with the buyer."""

    __tablename__ = "returns"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "order_id", "id"),
        Index("ix_returns_by_order", "tenant_id", "order_id"),
    )

    order_id: Mapped[UUID]
    received_at: Mapped[datetime]
    #: Whether its units are refunded. Those that a withdrawal is about are refunded by the withdrawal, once accepted.
    is_refunded: Mapped[bool]
    #: Why the buyer sent them back, in the words of the buyer or of the operator.
    reason: Mapped[FreeText | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)

    # Loaded with the return, and by no statement where an order has none.
    lines: Mapped[list[GoodsReturnLine]] = relationship(
        lazy="selectin", order_by=(GoodsReturnLine.product_id, GoodsReturnLine.condition)
    )

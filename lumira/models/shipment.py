"""Shipments: the parcels in which units of an order's goods were sent, and where each of them is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, relationship

from lumira.database import Base
from lumira.models.columns import FreeText, OfOrder, Timestamped


class ShipmentLine(OfOrder, Base):
    """How many units of one product of the order a shipment contains.

    The foreign keys name the order, so that a shipment contains only what its own order sold. That no more units are
    shipped than were ordered is a constraint of the order's line, which counts them.
    """

    __tablename__ = "shipment_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "shipment_id"],
            ["shipments.tenant_id", "shipments.order_id", "shipments.id"],
        ),
        ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
        ),
        UniqueConstraint("tenant_id", "shipment_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_is_positive"),
    )

    order_id: Mapped[UUID]
    shipment_id: Mapped[UUID]
    product_id: Mapped[str]
    quantity: Mapped[int]


class Shipment(OfOrder, Timestamped, Base):
    """One parcel. What it contains and when it was shipped never change; its other facts are added or corrected."""

    __tablename__ = "shipments"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"]),
        UniqueConstraint("tenant_id", "order_id", "id"),
        # A link in an e-mail to a buyer leads to a page of the carrier, and to nothing that runs in a browser.
        CheckConstraint("tracking_url ~ '^https://[^[:space:]]+$'", name="tracking_url_is_a_link"),
        CheckConstraint("delivered_at >= shipped_at", name="delivered_after_shipping"),
        CheckConstraint("cancelled_at IS NULL OR delivered_at IS NULL", name="cancelled_is_not_delivered"),
        Index("ix_shipments_by_order", "tenant_id", "order_id"),
        Index(
            "ix_shipments_under_way",
            "tenant_id",
            "shipped_at",
            "id",
            postgresql_where="delivered_at IS NULL AND cancelled_at IS NULL",
        ),
    )

    order_id: Mapped[UUID]
    #: The key of a carrier of `domain.goods.carriers`, or the name of another one; `None` if the shop did not say.
    carrier: Mapped[FreeText | None]
    tracking_number: Mapped[FreeText | None]
    #: The carrier's page about the parcel; https only.
    tracking_url: Mapped[FreeText | None]
    shipped_at: Mapped[datetime]
    #: A fact: the buyer has the parcel. The period for a withdrawal begins then.
    delivered_at: Mapped[datetime | None]
    #: A fact: the parcel was not sent, or was lost: its units are to be shipped again.
    cancelled_at: Mapped[datetime | None]

    # Loaded with the shipment, and by no statement where an order has none.
    lines: Mapped[list[ShipmentLine]] = relationship(lazy="selectin", order_by=ShipmentLine.product_id)

    @property
    def is_sent(self) -> bool:
        """Whether its units count as shipped."""
        return self.cancelled_at is None

    @property
    def is_delivered(self) -> bool:
        return self.delivered_at is not None

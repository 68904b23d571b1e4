"""Shipments and returns as facts: how many units they concern, and how they are recorded. Makes no query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from lumira.models import (
    GoodsReturn,
    GoodsReturnLine,
    Order,
    OrderLine,
    ReturnCondition,
    Shipment,
    ShipmentLine,
)
from lumira.models.columns import uuid7


@dataclass(frozen=True, slots=True)
class Tracking:
    """How the buyer follows a parcel: the key or name of the carrier, the number, and the carrier's page."""

    carrier: str | None = None
    number: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ReturnedUnits:
    """Units of one product that came back in one condition."""

    product_id: str
    quantity: int
    condition: ReturnCondition


def goods_of(order: Order) -> list[OrderLine]:
    """Return the lines whose units are shipped: goods that the order delivers."""
    return [line for line in order.lines if line.keeps_stock]


def sent_shipments(order: Order) -> list[Shipment]:
    """Return the shipments that count: not those that were cancelled."""
    return [shipment for shipment in order.shipments if shipment.is_sent]


def units_in(shipments: Sequence[Shipment], line: OrderLine) -> int:
    """Return how many units of an order line these shipments contain."""
    return sum(
        item.quantity
        for shipment in shipments
        for item in shipment.lines
        if item.product_id == line.product_id
    )


def shipped_units(order: Order, line: OrderLine) -> int:
    """Return how many units of a line are in shipments that were sent."""
    return units_in(sent_shipments(order), line)


def delivered_units(order: Order, line: OrderLine) -> int:
    """Return how many units of a line the buyer has received, those that came back included."""
    return units_in([shipment for shipment in sent_shipments(order) if shipment.is_delivered], line)


def returned_units(order: Order, line: OrderLine, condition: ReturnCondition | None = None) -> int:
    """Return how many units of a line came back, in one condition or in any."""
    return sum(
        item.quantity
        for goods_return in order.returns
        for item in goods_return.lines
        if item.product_id == line.product_id and condition in (None, item.condition)
    )


def record_shipment(
    order: Order, units: Mapping[str, int], tracking: Tracking, *, shipped_at: datetime, now: datetime
) -> Shipment:
    """Record that these units, by product, were shipped. The caller has checked that they are to be."""
    shipment = Shipment(
        id=uuid7(),
        carrier=tracking.carrier,
        tracking_number=tracking.number,
        tracking_url=tracking.url,
        shipped_at=shipped_at,
    )
    shipment.lines.extend(
        ShipmentLine(id=uuid7(), product_id=product_id, quantity=quantity)
        for product_id, quantity in sorted(units.items())
    )
    order.shipments.append(shipment)
    _changed(order, now)
    return shipment


def record_return(
    order: Order,
    units: Sequence[ReturnedUnits],
    *,
    received_at: datetime,
    is_refunded: bool,
    reason: str | None,
    now: datetime,
) -> GoodsReturn:
    """Record that these units came back. The caller has checked that they were shipped."""
    goods_return = GoodsReturn(
        id=uuid7(), received_at=received_at, is_refunded=is_refunded, reason=reason, created_at=now
    )
    goods_return.lines.extend(
        GoodsReturnLine(
            id=uuid7(), product_id=each.product_id, quantity=each.quantity, condition=each.condition
        )
        for each in units
    )
    order.returns.append(goods_return)
    _changed(order, now)
    return goods_return


def _changed(order: Order, now: datetime) -> None:
    order.has_parcels = True
    order.updated_at = now

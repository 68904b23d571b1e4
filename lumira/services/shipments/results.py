"""What the use cases about parcels return: values that a stored reply can hold."""

from dataclasses import dataclass
from datetime import datetime

from lumira.models import GoodsReturn, Order, Shipment


@dataclass(frozen=True, slots=True)
class ShipmentResult:
    """One shipment after the call; times in UTC as ISO 8601. `fulfilment` is that of the order."""

    id: str
    order_number: str
    carrier: str | None
    tracking_number: str | None
    tracking_url: str | None
    shipped_at: str
    delivered_at: str | None
    cancelled_at: str | None
    #: `product_id` and `quantity` of each.
    lines: list[dict[str, str | int]]
    fulfilment: str


@dataclass(frozen=True, slots=True)
class ReturnResult:
    """One return after the call; `refund_amount` in minor units is what a worker refunds because of it."""

    id: str
    order_number: str
    received_at: str
    #: `product_id`, `quantity` and `condition` of each.
    lines: list[dict[str, str | int]]
    refund_amount: int
    currency: str
    fulfilment: str


def shipment_result(order: Order, shipment: Shipment) -> ShipmentResult:
    """Return a shipment of a settled order as values."""
    return ShipmentResult(
        id=str(shipment.id),
        order_number=order.order_number,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        shipped_at=_written(shipment.shipped_at),
        delivered_at=_if_written(shipment.delivered_at),
        cancelled_at=_if_written(shipment.cancelled_at),
        lines=[{"product_id": line.product_id, "quantity": line.quantity} for line in shipment.lines],
        fulfilment=str(order.fulfilment),
    )


def return_result(order: Order, goods_return: GoodsReturn) -> ReturnResult:
    """Return a return of a settled order as values."""
    return ReturnResult(
        id=str(goods_return.id),
        order_number=order.order_number,
        received_at=_written(goods_return.received_at),
        lines=[
            {"product_id": line.product_id, "quantity": line.quantity, "condition": str(line.condition)}
            for line in goods_return.lines
        ],
        refund_amount=sum(
            request.amount for request in order.refund_requests if request.return_id == goods_return.id
        ),
        currency=order.currency,
        fulfilment=str(order.fulfilment),
    )


def _written(at: datetime) -> str:
    # The reply is stored as it is sent: with milliseconds and `Z`, like every other time in the API.
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _if_written(at: datetime | None) -> str | None:
    return None if at is None else _written(at)

"""Parcels and returns of paid orders, for tests of what happens to goods."""

from datetime import datetime
from typing import Any

from lumira.domain.commands import (
    GoodsUnits,
    ReturnCommand,
    ReturnLine,
    ShipmentChange,
    ShipmentCommand,
)
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.create_shipment import create_shipment
from lumira.services.shipments.record_return import record_return
from lumira.services.shipments.results import ReturnResult, ShipmentResult
from tests.support.factories import Brand, load_order

_CALL = Call(fingerprint="", actor="operator")


def ship(brand: Brand, number: str, units: dict[str, int] | None = None, **values: Any) -> ShipmentResult:
    """Record a parcel with these units, or with all that are to be shipped."""
    lines = tuple(GoodsUnits(product, quantity) for product, quantity in (units or {}).items())
    return create_shipment(brand.id, number, ShipmentCommand(lines=lines, **values), call=_CALL).value


def change(brand: Brand, number: str, position: int = -1, **values: Any) -> ShipmentResult:
    """Change a parcel of an order, the newest one unless another is named."""
    shipment = load_order(brand, number).shipments[position]
    return change_shipment(brand.id, number, shipment.id, ShipmentChange(**values), call=_CALL).value


def deliver_parcel(brand: Brand, number: str, at: datetime, position: int = -1) -> ShipmentResult:
    """Record that a parcel was delivered."""
    return change(brand, number, position, delivered_at=at)


def take_back(
    brand: Brand, number: str, units: dict[str, int], *, condition: str = "restockable", **values: Any
) -> ReturnResult:
    """Record that these units came back."""
    lines = tuple(ReturnLine(product, quantity, condition) for product, quantity in units.items())
    return record_return(brand.id, number, ReturnCommand(lines, **values), call=_CALL).value

"""The parcels of the demo's history: goods are sent the day after they were sold, and arrive two days later."""

from dataclasses import dataclass, field
from uuid import UUID

from lumira.cli.demo.history.past import Past
from lumira.cli.demo.history.sales import Sold
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.domain.commands import GoodsUnits, ReturnCommand, ReturnLine, ShipmentChange, ShipmentCommand
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.create_shipment import create_shipment
from lumira.services.shipments.record_return import record_return

_CALL = Call(fingerprint="", actor="demo")
_SHIPPED_AFTER, _DELIVERED_AFTER = 1, 3
_CARRIER = "colissimo"


@dataclass
class Goods:
    """The orders whose goods are sent in time, and the days before today on which they were sold."""

    past: Past
    _sold: list[tuple[int, Sold]] = field(default_factory=list)
    #: The number of each order, and the id of each of its parcels.
    _parcels: list[tuple[str, UUID]] = field(default_factory=list)

    def sold(self, days_ago: int, sold: Sold) -> Sold:
        """Note an order whose goods are to be sent."""
        self._sold.append((days_ago, sold))
        return sold

    def work(self, days_ago: int) -> None:
        """Send what was sold the day before, and record what has arrived."""
        for sold_on, sold in self._sold:
            if sold_on - days_ago == _SHIPPED_AFTER:
                self.ship(sold)
            elif sold_on - days_ago == _DELIVERED_AFTER:
                self._deliver(sold)

    def ship(self, sold: Sold, **units: int) -> None:
        """Send these units, or all that are to be sent."""
        lines = tuple(GoodsUnits(name.replace("_", "-"), number) for name, number in units.items())
        number = f"6A{10_000_000_001 + len(self._parcels)}"
        command = ShipmentCommand(_CARRIER, number, lines=lines)
        shipped = create_shipment(tenant_id_of(sold.slug), sold.number, command, call=_CALL).value
        self._parcels.append((sold.number, UUID(shipped.id)))
        self.past.work(sold.slug)

    def take_back(self, sold: Sold, product_id: str, reason: str) -> None:
        """Record that a unit came back, and refund it."""
        command = ReturnCommand((ReturnLine(product_id, 1),), reason=reason)
        record_return(tenant_id_of(sold.slug), sold.number, command, call=_CALL)
        self.past.work(sold.slug)

    def _deliver(self, sold: Sold) -> None:
        tenant_id = tenant_id_of(sold.slug)
        for number, parcel in self._parcels:
            if number == sold.number:
                change = ShipmentChange(delivered_at=utc_now())
                change_shipment(tenant_id, number, parcel, change, call=_CALL)

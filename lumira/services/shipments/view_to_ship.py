"""Shows what is to be shipped. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.database import atomic
from lumira.domain import fraud_warnings
from lumira.domain.goods import parcels
from lumira.domain.goods.fulfilment import NoShipment, has_open_inquiry, remaining_units, why_not_shippable
from lumira.domain.goods.returns import RefundedBefore, refunded_before
from lumira.domain.list_position import Position
from lumira.errors.parcels import ShipmentNotFound
from lumira.models import Order, OrderLine, Shipment, Tenant
from lumira.repositories.fulfilment import shipments
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.shipments.record_return import returnable_units

#: Orders on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class OrderToShip:
    """An order, how many units of each line are to be shipped, and why it cannot be shipped now."""

    order: Order
    lines: tuple[tuple[OrderLine, int], ...]
    #: `None` if it can be shipped.
    why_not: NoShipment | None
    #: Whether the buyer's bank asks about the payment: it may be disputed.
    has_inquiry: bool
    #: Whether the card's issuer warned of fraud: it may be disputed too.
    has_fraud_warning: bool

    @property
    def paid_at(self) -> datetime:
        """When the order was completed; for one that is not yet, when it was opened."""
        return self.order.completed_at or self.order.created_at


@dataclass(frozen=True, slots=True)
class ToShipPage:
    """One page of orders to ship, and where the next one begins."""

    orders: Sequence[OrderToShip]
    next: Position | None


@dataclass(frozen=True, slots=True)
class ParcelForms:
    """What the forms of one order offer: units to ship, and units that may come back, by order line."""

    to_ship: OrderToShip
    returnable: tuple[tuple[OrderLine, int], ...]
    #: What was refunded by hand, and should not be refunded again with what comes back.
    refunded_before: RefundedBefore | None


@dataclass(frozen=True, slots=True)
class Packed:
    """What a packing slip is about: units of an order's products, and the parcel if it is recorded."""

    order: Order
    lines: tuple[tuple[OrderLine, int], ...]
    shipment: Shipment | None


@dataclass(frozen=True, slots=True)
class PackedOrders:
    """The parcels of one printing, and the shop that sends them."""

    tenant: Tenant
    parcels: tuple[Packed, ...]


def view_packed(tenant_id: int, references: Sequence[str]) -> PackedOrders:
    """Return what is to be shipped of each of these orders; those of which nothing is are left out.

    Raises `OrderNotFound`.
    """
    with atomic(tenant_id):
        found = [to_ship_of(orders.get_order(tenant_id, reference)) for reference in references]
        return PackedOrders(
            tenants.get(tenant_id),
            tuple(Packed(each.order, each.lines, None) for each in found if each.why_not is None),
        )


def view_parcel(tenant_id: int, reference: str, shipment_id: UUID) -> PackedOrders:
    """Return what one parcel contains; raises `OrderNotFound` and `ShipmentNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        shipment = next((each for each in order.shipments if each.id == shipment_id), None)
        if shipment is None:
            raise ShipmentNotFound(f"The order {order.order_number} has no such shipment.")
        lines = ((line, parcels.units_in([shipment], line)) for line in parcels.goods_of(order))
        contained = tuple((line, units) for line, units in lines if units)
        return PackedOrders(tenants.get(tenant_id), (Packed(order, contained, shipment),))


def view_to_ship(
    tenant_id: int, *, product_id: str | None = None, after: Position | None = None, limit: int = PAGE
) -> ToShipPage:
    """Return one page of the orders to ship, those that were paid first before the others."""
    with atomic(tenant_id):
        found = shipments.list_to_ship(tenant_id, product_id=product_id, after=after, limit=limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        listed = (to_ship_of(order) for order in found[:limit])
        return ToShipPage(
            # A refund that is under way is recorded with the order once Stripe has responded.
            [each for each in listed if each.why_not is not NoShipment.REFUNDED],
            shipments.position_of(last) if last else None,
        )


def view_forms(tenant_id: int, reference: str) -> ParcelForms:
    """Return what may be shipped and returned of one order; raises `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        returnable = returnable_units(order)
        lines = {line.product_id: line for line in order.lines}
        return ParcelForms(
            to_ship_of(order),
            tuple((lines[product_id], units) for product_id, units in returnable.items()),
            refunded_before(order),
        )


def to_ship_of(order: Order) -> OrderToShip:
    """Return what of a loaded order is to be shipped."""
    remaining = ((line, remaining_units(order, line)) for line in parcels.goods_of(order))
    return OrderToShip(
        order,
        tuple((line, units) for line, units in remaining if units),
        why_not_shippable(order),
        has_open_inquiry(order),
        bool(fraud_warnings.open_warnings(order)),
    )

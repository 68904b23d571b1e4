"""What a shop does with the goods of a story: it sends parcels, which arrive, are cancelled, or come back."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lumira.clock import utc_now
from lumira.domain.goods import parcels
from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import Postage, Zone
from lumira.errors.parcels import NotReturnable, NotShippable
from lumira.models import (
    GoodsReturn,
    GoodsReturnLine,
    Order,
    ReturnCondition,
    Shipment,
    ShipmentLine,
)
from lumira.services.shipments.record_return import returnable_units
from tests.support.factories import Brand, load_order
from tests.support.parcels import change, deliver_parcel, ship, take_back
from tests.support.stories import POSTAGE, Story

#: Where the goods are sent, and what for.
ADDRESS = Address("FR", name="Ana Martin", line1="12 rue des Lilas", postal_code="75011", city="Paris")
_POSTAGE = Postage(Zone("France", ("FR",), POSTAGE), POSTAGE)


def postage_of(story: Story) -> Postage | None:
    """Return the postage of a story's order; `None` if the shop asks no address."""
    return _POSTAGE if story.has_postage else None


@dataclass
class ParcelFacts:
    """The parcels and returns that a shop could record while the events of a story arrived."""

    shipments: list[Shipment] = field(default_factory=list)
    returns: list[GoodsReturn] = field(default_factory=list)

    def shipped(self, product_id: str) -> int:
        """Return how many units of a product were sent."""
        return sum(
            line.quantity
            for shipment in self.shipments
            if shipment.cancelled_at is None
            for line in shipment.lines
            if line.product_id == product_id
        )

    def back_in_stock(self, product_id: str) -> int:
        """Return how many units of a product came back and can be sold again."""
        return sum(
            line.quantity
            for goods_return in self.returns
            for line in goods_return.lines
            if line.product_id == product_id and line.condition is ReturnCondition.RESTOCKABLE
        )

    def record(self, order: Order) -> None:
        """Record the same facts on another order of the same products."""
        order.shipments.extend(
            Shipment(
                id=each.id,
                shipped_at=each.shipped_at,
                delivered_at=each.delivered_at,
                cancelled_at=each.cancelled_at,
                lines=[
                    ShipmentLine(product_id=line.product_id, quantity=line.quantity) for line in each.lines
                ],
            )
            for each in self.shipments
        )
        order.returns.extend(
            GoodsReturn(
                id=each.id,
                received_at=each.received_at,
                is_refunded=each.is_refunded,
                lines=[
                    GoodsReturnLine(
                        product_id=line.product_id, quantity=line.quantity, condition=line.condition
                    )
                    for line in each.lines
                ],
            )
            for each in self.returns
        )
        order.has_parcels = bool(self.shipments)


def facts_of(order: Order) -> ParcelFacts:
    """Return the parcels and returns of a loaded order."""
    return ParcelFacts(list(order.shipments), list(order.returns))


def act(brand: Brand, number: str, step: str) -> bool:
    """Let the shop take a step; returns `False` if the order does not permit it now."""
    try:
        return _STEPS[step](brand, load_order(brand, number))
    except (NotShippable, NotReturnable):
        return False


def _ship_all(brand: Brand, order: Order) -> bool:
    ship(brand, order.order_number)
    return True


def _ship_one(brand: Brand, order: Order) -> bool:
    first = next((line.product_id for line in parcels.goods_of(order)), "")
    ship(brand, order.order_number, {first: 1})
    return True


def _deliver(brand: Brand, order: Order) -> bool:
    return _newest(order) and bool(deliver_parcel(brand, order.order_number, utc_now()))


def _cancel(brand: Brand, order: Order) -> bool:
    return _newest(order) and bool(change(brand, order.order_number, is_cancelled=True))


def _newest(order: Order) -> bool:
    return bool(order.shipments) and order.shipments[-1].is_sent


def _take_back(
    *, condition: str = "restockable", is_refunded: bool = False
) -> Callable[[Brand, Order], bool]:
    def take(brand: Brand, order: Order) -> bool:
        product_id, units = next(iter(returnable_units(order).items()), ("", 0))
        if units:
            take_back(
                brand, order.order_number, {product_id: 1}, condition=condition, is_refunded=is_refunded
            )
        return units > 0

    return take


_STEPS: dict[str, Callable[[Brand, Order], bool]] = {
    "ship_all": _ship_all,
    "ship_one": _ship_one,
    "deliver": _deliver,
    "cancel": _cancel,
    "take_back": _take_back(),
    "take_back_damaged": _take_back(condition="damaged"),
    "take_back_refunded": _take_back(is_refunded=True),
}

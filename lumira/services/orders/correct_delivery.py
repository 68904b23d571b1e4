"""An operator corrects the address that the goods of an order are sent to."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.countries import COUNTRIES
from lumira.database import atomic, retried
from lumira.domain.goods import addresses, shipping
from lumira.domain.goods.addresses import Address
from lumira.domain.goods.shipping import Zone
from lumira.errors.orders import AlreadyShipped, BuyerErased, CountryNotServed, InvalidAddress, NothingSent
from lumira.models import Order
from lumira.repositories.audit import audit
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an order is sent, and where it may be sent for the postage that was paid."""

    order: Order
    address: Address | None
    #: ISO 3166-1 codes.
    countries: tuple[str, ...]
    needs_phone: bool


def view_delivery(tenant_id: int, reference: str) -> Delivery:
    """Return where an order is sent; raises `OrderNotFound`, and `Conflict` if its address cannot be changed."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        _check_open(order)
        return _delivery(order, shipping.zones_of(tenants.get(tenant_id)))


@retried
def correct_delivery(tenant_id: int, order_id: UUID, address: Address, *, actor: str) -> None:
    """Replace the address of an order that is not shipped yet. Its postage was paid for its zone, which stays.

    Raises `OrderNotFound`, `InvalidAddress` and `CountryNotServed`, and `Conflict` if the buyer was erased, nothing is
    sent, or a parcel is on its way.
    """
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        _check_open(order)
        delivery = _delivery(order, shipping.zones_of(tenants.get(tenant_id)))
        if address.country not in delivery.countries:
            raise CountryNotServed(
                f"The postage of this order was paid for other countries: {', '.join(delivery.countries)}.",
                fields={"country": ["Must be of the same zone."]},
            )
        missing = shipping.missing_parts(address, needs_phone=delivery.needs_phone)
        if missing:
            raise InvalidAddress(
                "A parcel cannot be sent to this address: complete it.",
                fields={part.rpartition(".")[2]: ["Is required."] for part in missing},
            )
        order.shipping_address = addresses.freeze(address)
        # The address itself stays out of the audit log, which outlives an erasure.
        audit.record(
            tenant_id,
            actor=actor,
            action="delivery_corrected",
            subject=f"order:{order.id}",
            country=address.country,
        )


def _check_open(order: Order) -> None:
    if order.erased_at is not None:
        raise BuyerErased(f"The personal data of the order {order.order_number} was erased.")
    if not any(line.keeps_stock for line in order.lines):
        raise NothingSent(f"Nothing of the order {order.order_number} is sent by post.")
    if any(shipment.is_sent for shipment in order.shipments):
        raise AlreadyShipped(f"A parcel of the order {order.order_number} is on its way: ask the carrier.")


def _delivery(order: Order, zones: Sequence[Zone]) -> Delivery:
    address = addresses.read(order.shipping_address)
    zone = next((each for each in zones if each.name == order.shipping_zone), None)
    own = (address.country,) if address is not None else ()
    if zone is not None:
        served = zone.countries
    else:
        # The order is older than the zones, or its zone has left the catalog.
        served = tuple(country for each in zones for country in each.countries) or tuple(sorted(COUNTRIES))
    return Delivery(order, address, tuple(dict.fromkeys((*own, *served))), zone is not None and zone.phone)

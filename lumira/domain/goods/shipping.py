"""Shipping zones: to which countries a shop sends goods, and what the postage is.

Makes no query and changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lumira.card_numbers import hide_card_numbers
from lumira.domain.commands import CheckoutCommand
from lumira.domain.goods import addresses
from lumira.domain.goods.addresses import Address
from lumira.errors.orders import CountryNotServed, InvalidAddress, MissingAddress
from lumira.models import Order, Product, Tenant

_REQUIRED = "Is required: a parcel cannot be sent without it."


@dataclass(frozen=True, slots=True)
class WeightStep:
    """The postage of parcels that are heavier than this many grams, in minor units."""

    heavier_than: int
    amount: int


@dataclass(frozen=True, slots=True)
class Zone:
    """Countries with one postage; amounts in minor units of the shop's currency, VAT included."""

    name: str
    #: ISO 3166-1 codes.
    countries: tuple[str, ...]
    amount: int
    #: The price of the goods, before any discount, from which nothing is charged; `None` if it always is.
    free_from: int | None = None
    #: Whether the carrier needs the buyer's telephone number.
    phone: bool = False
    #: The lightest first.
    steps: tuple[WeightStep, ...] = ()

    def postage(self, goods_amount: int, weight: int) -> int:
        """Return the postage of goods of this price and of this weight in grams."""
        if self.free_from is not None and goods_amount >= self.free_from:
            return 0
        amounts = [step.amount for step in self.steps if weight > step.heavier_than]
        return amounts[-1] if amounts else self.amount


@dataclass(frozen=True, slots=True)
class Postage:
    """What sending an order costs; amount in minor units, VAT included."""

    zone: Zone
    amount: int
    #: The rate of the seller's VAT in percent; `None` where the seller charges none. The postage has the rate of the
    #: goods, because it is accessory to them (CGI, article 267, I, 2°).
    vat_rate: str | None = None


def zones_of(tenant: Tenant) -> tuple[Zone, ...]:
    """Return the shop's zones in the order of the catalog; none where no address is asked."""
    return tuple(_read_zone(stored) for stored in tenant.shipping_zones or ())


def _read_zone(stored: Mapping[str, Any]) -> Zone:
    return Zone(
        stored["name"],
        tuple(stored["countries"]),
        stored["amount"],
        stored.get("free_from"),
        bool(stored.get("phone")),
        tuple(WeightStep(**step) for step in stored.get("steps", ())),
    )


def has_goods(items: Sequence[tuple[Product, int]]) -> bool:
    """Whether something of a cart is sent by post."""
    return any(product.keeps_stock for product, _ in items)


def find_zone(zones: Sequence[Zone], country: str | None) -> Zone | None:
    """Return the zone of a country; without a country the only zone. `None` if there is none, or none is known."""
    if country is None:
        return zones[0] if len(zones) == 1 else None
    return next((zone for zone in zones if country in zone.countries), None)


def postage_of(tenant: Tenant, items: Sequence[tuple[Product, int]], country: str | None) -> Postage | None:
    """Return what sending the goods of a cart costs; `None` if nothing is sent, or the shop has no zones.

    Raises `MissingAddress` if the country decides the price and is not given, and `CountryNotServed`.
    """
    zones = zones_of(tenant) if has_goods(items) else ()
    if not zones:
        return None
    zone = find_zone(zones, country)
    if zone is None and country is None:
        raise MissingAddress(
            "The postage depends on the country: send shipping.address.country.",
            fields={"shipping.address.country": [_REQUIRED]},
        )
    if zone is None:
        served = ", ".join(sorted(code for each in zones for code in each.countries))
        raise CountryNotServed(
            f"This shop does not send goods to {country}: it serves {served}.",
            fields={"shipping.address.country": [f"Must be one of: {served}."]},
        )
    goods = [(product, quantity) for product, quantity in items if product.keeps_stock]
    amount = zone.postage(
        sum(product.amount * quantity for product, quantity in goods),
        sum((product.weight or 0) * quantity for product, quantity in goods),
    )
    return Postage(zone, amount, (tenant.seller or {}).get("vat_rate"))


def check_address(postage: Postage, command: CheckoutCommand, *, is_free: bool) -> None:
    """Raise `MissingAddress` or `InvalidAddress` if the goods could not be sent.

    A country is enough where Stripe's page asks for the rest. It does not for an order that costs nothing.
    """
    address = command.shipping
    is_asked_later = command.is_on_stripes_page and not is_free
    if is_asked_later and (address is None or address.is_country_only):
        return
    if address is None or address.is_country_only:
        raise MissingAddress(
            "Goods are sent by post: send the recipient's name and address as `shipping`.",
            fields={"shipping": [_REQUIRED]},
        )
    missing = missing_parts(address, needs_phone=postage.zone.phone)
    if missing:
        raise InvalidAddress(
            "A parcel cannot be sent to this address: complete it.",
            fields={f"shipping.{part}": [_REQUIRED] for part in missing},
        )


def missing_parts(address: Address, *, needs_phone: bool) -> list[str]:
    """Return the parts, by their names on the wire, without which a parcel cannot be sent."""
    needs_code = addresses.needs_postal_code(address.country)
    parts = {
        "name": address.name,
        "phone": address.phone or not needs_phone,
        "address.line1": address.line1,
        "address.postalCode": address.postal_code or not needs_code,
        "address.city": address.city,
    }
    return [part for part, value in parts.items() if not value]


def postage_name(zone: str, language: str | None) -> str:
    """Return how the line of the postage is called for a buyer: in French unless the language is `en`."""
    return f"Postage: {zone}" if language == "en" else f"Frais de port : {zone}"


def record_address(order: Order, address: Address | None) -> None:
    """Record the address that the buyer entered on Stripe's page, unless the order has one.

    What came with the order, or was corrected by an operator, stays. A telephone number is reported by the session
    only, and may come after the address.
    """
    known = addresses.read(order.shipping_address)
    if address is None or order.shipping_zone is None or order.erased_at is not None:
        return
    if known is None or not known.is_whole:
        if address.is_whole:
            order.shipping_address = _without_card_numbers(addresses.freeze(address))
    elif known.phone is None and address.phone is not None and known.line1 == address.line1:
        order.shipping_address = addresses.freeze(known) | _without_card_numbers({"phone": address.phone})


def _without_card_numbers(parts: Mapping[str, str]) -> dict[str, str]:
    return {name: hide_card_numbers(text) for name, text in parts.items()}

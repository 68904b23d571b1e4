"""Where goods are sent: the recipient's address as an order stores it, with Stripe's names for its parts.

Makes no query and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lumira.countries import name_of


@dataclass(frozen=True, slots=True)
class Address:
    """A recipient's address, in any script, or the country alone: then Stripe's page asks for the rest.

    The parts have the names of Stripe's `shipping`; `country` is an ISO 3166-1 code of two capital letters.
    """

    country: str
    name: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    city: str | None = None
    state: str | None = None
    phone: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether a parcel can be sent to it."""
        return bool(self.name and self.line1 and self.city)

    @property
    def is_country_only(self) -> bool:
        """Whether nothing but the country is known."""
        parts = (self.name, self.line1, self.line2, self.postal_code, self.city, self.state, self.phone)
        return not any(parts)


#: Countries whose parcels need a postal code: the European Union but Ireland, whose codes are new and often unknown to
#: buyers, its neighbours, the French territories, and the largest others. Elsewhere it may be left out.
_WITH_POSTAL_CODE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IT LT LU LV MT NL PL PT RO SE SI SK AD CH GB IS LI MC NO SM VA "
    "BL GF GP MF MQ NC PF PM RE WF YT AU BR CA CN IN JP KR MX NZ US"
)


def needs_postal_code(country: str) -> bool:
    """Return whether an address of this country must have a postal code."""
    return country in _WITH_POSTAL_CODE.split()


def freeze(address: Address) -> dict[str, str]:
    """Return the address as an order stores it: the parts that it has."""
    return {name: value for name, value in asdict(address).items() if value}


def read(stored: Mapping[str, Any] | None) -> Address | None:
    """Return the address that an order stores; `None` if it has none."""
    return None if stored is None else Address(**stored)


def lines_of(stored: Mapping[str, Any] | None, language: str) -> list[str]:
    """Return a stored address as people write it, line by line, the country last by its name in the language."""
    address = read(stored)
    if address is None:
        return []
    place = " ".join(part for part in (address.postal_code, address.city) if part)
    parts = (address.name, address.line1, address.line2, place, address.state)
    return [*(part for part in parts if part), name_of(address.country, language)]


def without_recipient(stored: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what remains of a stored address after an erasure: the country, on which the VAT may depend."""
    return None if stored is None else {"country": stored["country"]}


def for_stripe(address: Address) -> dict[str, Any]:
    """Return the address as the parameter `shipping` of a PaymentIntent."""
    parts = freeze(address)
    recipient: dict[str, Any] = {name: parts.pop(name) for name in ("name", "phone") if name in parts}
    return {**recipient, "address": parts}

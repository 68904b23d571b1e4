"""Turnover with consumers of other countries of the EU, and the threshold from which their VAT is due there.

Makes no query and changes nothing. Sources: directive 2006/112/CE, article 59 quater; CGI, article 259 D.
"""

from collections.abc import Iterable
from dataclasses import dataclass

#: Minor units without VAT in a calendar year, distance sales of goods and electronic services together.
THRESHOLD = 10_000_00
#: In percent of the threshold: when the team is alerted.
ALERTED_AT = (80, 100)
#: Members of the EU for VAT. Monaco belongs to France's VAT territory, and Northern Ireland's goods are left out.
EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())  # noqa: SIM905 - a list to compare by eye
#: Countries whose sales are those of another one.
_COUNTED_AS = {"MC": "FR"}


@dataclass(frozen=True, slots=True)
class CountrySales:
    """The sales to one country in the books' currency, credit notes deducted; minor units without VAT."""

    #: ISO 3166-1; `None` where no address is known.
    country: str | None
    documents: int
    net: int


@dataclass(frozen=True, slots=True)
class EuSales:
    """The sales of a year by where they count."""

    #: Other countries of the EU, the largest first.
    abroad: tuple[CountrySales, ...]
    home: CountrySales
    outside: CountrySales
    #: Orders without an address, such as of digital content: they may count too.
    unknown: CountrySales

    @property
    def net_abroad(self) -> int:
        return sum(sales.net for sales in self.abroad)

    @property
    def percent(self) -> int:
        """How much of the threshold is reached, in whole percent, rounded down."""
        return max(self.net_abroad, 0) * 100 // THRESHOLD

    @property
    def reached(self) -> int | None:
        """The highest share in `ALERTED_AT` that is reached; `None` below the first."""
        return max((share for share in ALERTED_AT if self.percent >= share), default=None)


def of_year(sales: Iterable[CountrySales], *, home: str) -> EuSales:
    """Return the sales of a year, by country, as they count for a seller in `home`."""
    home = _COUNTED_AS.get(home, home)
    abroad: dict[str, CountrySales] = {}
    sums = {name: CountrySales(None, 0, 0) for name in ("home", "outside", "unknown")}
    for one in sales:
        country = _COUNTED_AS.get(one.country or "", one.country)
        if country is not None and country != home and country in EU:
            abroad[country] = _add(abroad.get(country, CountrySales(country, 0, 0)), one)
            continue
        name = "unknown" if country is None else "home" if country == home else "outside"
        sums[name] = _add(sums[name], one)
    largest_first = sorted(abroad.values(), key=lambda each: (-each.net, each.country or ""))
    return EuSales(tuple(largest_first), **sums)


def _add(known: CountrySales, more: CountrySales) -> CountrySales:
    return CountrySales(known.country, known.documents + more.documents, known.net + more.net)

"""The countries that goods can be sent to, by their ISO 3166-1 codes, and their names in the language of a page."""

import unicodedata
from collections.abc import Iterable

from babel import Locale

#: What `shipping_address_collection.allowed_countries` of Stripe's Checkout accepts (stripe 16.1.0), without the codes
#: that are no country with a post: ZZ is Stripe's "unknown".
_CODES = (
    "AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FO FR GA GB GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IS IT JE JM JO JP KE KG KH "
    "KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX "
    "MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD "
    "SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY "
    "UZ VA VC VE VG VN VU WF WS XK YE YT ZA ZM ZW"
)
COUNTRIES = frozenset(_CODES.split())


def name_of(country: str, language: str) -> str:
    """Return the name of a country in French (`fr`) or English (`en`); its code if it has none."""
    return str(Locale(language).territories.get(country, country))


def named(countries: Iterable[str], language: str) -> list[tuple[str, str]]:
    """Return the code and the name of each country, sorted by name as people of the language read."""
    names = [(country, name_of(country, language)) for country in countries]
    return sorted(names, key=lambda each: _without_accents(each[1]))


def _without_accents(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()


def codes_by_name(countries: Iterable[str], language: str) -> dict[str, str]:
    """Return the code of each country by its name, as `as_typed` returns it."""
    return {as_typed(name): code for code, name in named(countries, language)}


def as_typed(name: str) -> str:
    """Return the letters of a name without accents, apostrophes and spaces, which keyboards write in several ways."""
    return "".join(each for each in _without_accents(name) if each.isalnum())

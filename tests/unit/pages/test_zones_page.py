"""The form of the shipping zones: how countries may be written."""

import pytest

from lumira.countries import COUNTRIES, codes_by_name
from lumira.models import Language
from lumira.pages.dashboard.zones_page import read_zones


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Côte d\N{RIGHT SINGLE QUOTATION MARK}Ivoire", "CI"),
        ("cote d'ivoire", "CI"),
        # With a combining accent, as some systems copy names.
        ("La Re\N{COMBINING ACUTE ACCENT}union", "RE"),
        ("fr", "FR"),
    ],
)
def test_a_country_is_known_however_a_keyboard_writes_it(written: str, code: str) -> None:
    row = {"name-0": "Monde", "countries-0": written, "amount-0": "9,90"}
    [zone], _, errors = read_zones(row, "eur", Language.FRENCH)
    assert (zone["countries"], errors) == ([code], {})


@pytest.mark.parametrize("language", list(Language))
def test_each_country_has_a_name_of_its_own(language: Language) -> None:
    assert sorted(codes_by_name(COUNTRIES, language).values()) == sorted(COUNTRIES)

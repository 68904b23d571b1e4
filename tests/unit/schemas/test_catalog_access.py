"""Access in a catalog file: its duration, and included lower levels."""

from typing import Any

import pytest

from lumira.errors.catalog import CatalogError
from lumira.schemas.catalog_file import parse

TENANT = '[tenant]\nslug = "maison"\nname = "Maison"\ncurrency = "eur"\n'
PRODUCTS = {
    "level": '[[products]]\nid = "a"\nkind = "level"\nlevel = 2\nname = "A"\namount = 0\n',
    "digital": '[[products]]\nid = "a"\nkind = "digital"\nname = "A"\namount = 100\n',
    "physical": '[[products]]\nid = "a"\nkind = "physical"\nname = "A"\namount = 100\n',
}


def parsed(kind: str, line: str) -> dict[str, Any]:
    [product] = parse(f"{TENANT}{PRODUCTS[kind]}{line}\n".encode())["products"]
    return dict(product)


@pytest.mark.parametrize("kind", ["level", "digital"])
@pytest.mark.parametrize("days", [1, 365, 36_500])
def test_access_to_digital_products_and_levels_can_end(kind, days):
    assert parsed(kind, f"access_days = {days}")["access_days"] == days


def test_by_default_access_has_no_end_and_includes_no_other_level():
    product = parsed("level", "")
    assert (product["access_days"], product["includes_lower_levels"]) == (None, False)


def test_a_level_can_include_lower_levels():
    assert parsed("level", "includes_lower_levels = true")["includes_lower_levels"]


@pytest.mark.parametrize(
    ("kind", "line", "what"),
    [
        ("digital", "access_days = 0", "between 1 and 36500"),
        ("digital", "access_days = -1", "between 1 and 36500"),
        ("digital", "access_days = 36501", "between 1 and 36500"),
        ("digital", 'access_days = "30"', "whole number of days"),
        ("digital", "access_days = 1.5", "whole number of days"),
        ("digital", "access_days = true", "whole number of days"),
        ("physical", "access_days = 30", "A physical product has no access"),
        ("digital", "includes_lower_levels = true", 'Only a product of kind "level"'),
        ("physical", "includes_lower_levels = true", 'Only a product of kind "level"'),
        ("level", 'includes_lower_levels = "yes"', "true or false"),
    ],
)
def test_an_invalid_access_setting_is_named(kind, line, what):
    with pytest.raises(CatalogError, match=what) as caught:
        parsed(kind, line)
    assert line.partition(" ")[0] in str(caught.value)

"""The seller's legal lines in a catalog file, and their error messages."""

import pytest

from lumira.schemas.catalog_file import parse
from tests.unit.schemas.test_catalog_file import PRODUCT, TENANT, error_of

SELLER = """
[tenant.seller]
legal_name = "Maison Lumière SARL"
address = ["12 rue des Étoiles", "69001 Lyon"]
"""


def catalog(lines: str) -> str:
    return TENANT + SELLER + lines + PRODUCT


def test_a_vat_rate_is_stored_as_it_is_printed() -> None:
    table = parse(catalog("vat_rate = 5.5\nvat_number = 'FR40123456789'\n").encode())["tenant"]
    assert table["seller"] == {
        "legal_name": "Maison Lumière SARL",
        "address": ["12 rue des Étoiles", "69001 Lyon"],
        "vat_rate": "5.50",
        "vat_number": "FR40123456789",
    }


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ("", "vat_note"),
        ("vat_rate = 0\n", "vat_rate"),
        ("vat_rate = 100\n", "vat_rate"),
        ("vat_rate = 19.999\n", "vat_rate"),
        ("vat_rate = true\n", "vat_rate"),
        ("vat_rate = nan\n", "vat_rate"),
        ("vat_rate = 20\nvat_number = 'FR 40'\n", "vat_number"),
        ("vat_rate = 20\nemail = 'invalid'\n", "email"),
        ('vat_note = "a\\nb"\n', "vat_note"),
        ("vat_rate = 20\nsiret = '1'\n", "siret"),
    ],
)
def test_an_invalid_seller_is_named(lines: str, named: str) -> None:
    assert named in error_of(catalog(lines))


def test_a_seller_without_an_address_is_refused() -> None:
    assert "address" in error_of(TENANT + '[tenant.seller]\nlegal_name = "M"\nvat_rate = 20\n' + PRODUCT)
    assert "address" in error_of(
        TENANT + '[tenant.seller]\nlegal_name = "M"\naddress = []\nvat_rate = 20\n' + PRODUCT
    )

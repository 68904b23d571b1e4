"""The accounts of a shop: defaults, and what its settings say instead."""

import pytest

from lumira.domain.accounts import DEFAULTS, Role, accounts_of
from lumira.errors import SirenMissing
from lumira.formats import is_siren
from lumira.models import Tenant
from lumira.schemas.catalog_accounting import ROLES


def test_a_tenant_without_settings_has_the_accounts_of_the_french_chart() -> None:
    accounts = accounts_of(Tenant(seller={"vat_number": "FR40732829320"}))
    assert {role: accounts.account_of(role)[0] for role in Role} == {
        role: number for role, (number, _) in DEFAULTS.items()
    }
    assert accounts.account_of("vat:20.00") == ("445711", "TVA collectée 20 %")
    assert accounts.account_of("vat:5.50") == ("445713", "TVA collectée 5,5 %")
    assert accounts.account_of("vat:17.00") == ("445710", "TVA collectée 17 %")
    assert accounts.require_siren() == "732829320"


def test_settings_replace_single_accounts() -> None:
    accounts = accounts_of(
        Tenant(accounting={"accounts": {"stripe": "511700"}, "vat_accounts": {"20.00": "445720"}})
    )
    assert accounts.account_of(Role.STRIPE) == ("511700", "Stripe")
    assert accounts.account_of("vat:20.00")[0] == "445720"
    assert accounts.account_of(Role.BANK)[0] == "512000"


@pytest.mark.parametrize("seller", [None, {}, {"vat_number": "DE123456789"}, {"vat_number": "FR4073282932"}])
def test_a_missing_siren_says_where_to_set_it(seller: dict[str, str] | None) -> None:
    with pytest.raises(SirenMissing, match="catalog file"):
        accounts_of(Tenant(seller=seller)).require_siren()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("732829320", True), ("732829321", False), ("73282932", False), ("٧٣٢٨٢٩٣٢٠", False)],
)
def test_a_siren_has_nine_digits_and_a_check_digit(text: str, expected: bool) -> None:
    assert is_siren(text) is expected


def test_the_catalog_file_knows_every_role() -> None:
    assert set(ROLES) == {str(role) for role in Role}

"""A catalog file sets the accounts of the accounting export, and says what is wrong with them."""

import secrets
from pathlib import Path

import pytest

from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.accounts import accounts_of
from lumira.errors.catalog import CatalogError
from lumira.repositories.tenants import tenants
from lumira.schemas import catalog_file

pytestmark = pytest.mark.usefixtures("app_context")

CATALOGS = Path(__file__).resolve().parents[3] / "config" / "catalogs"
TABLE = """
[tenant.accounting]
siren = "732829320"

[tenant.accounting.accounts]
stripe = "511700"

[tenant.accounting.vat_accounts]
"20" = "445710"

[[products]]"""


def test_a_file_sets_the_accounts_and_applying_it_again_changes_nothing(run_flask, tmp_path: Path) -> None:
    slug = f"file-{secrets.token_hex(6)}"
    text = (CATALOGS / "oracle-lumira.toml").read_text()
    text = text.replace("oracle-lumira", slug).replace('"LUM"', f'"{secrets.token_hex(4).upper()}"')
    path = tmp_path / "catalog.toml"
    path.write_text(text.replace("\n[[products]]", TABLE, 1))
    assert "accounts.stripe 511700" in run_flask("catalog", "apply", path).stdout
    assert run_flask("catalog", "apply", path).stdout == f"{slug}: nothing to change.\n"
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        accounts = accounts_of(tenants.get(tenant_id))
    assert accounts.require_siren() == "732829320"
    assert accounts.account_of("stripe")[0] == "511700"
    assert accounts.account_of("vat:20.00")[0] == "445710"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('siren = "732829321"', "tenant.accounting.siren: Must be a SIREN"),
        ('country = "FRANCE"', "tenant.accounting.country: Must be an ISO 3166-1 code"),
        ('shared_stripe_account = "yes"', "tenant.accounting.shared_stripe_account: Must be true or false."),
        ('accounts = { stripe = "51" }', "tenant.accounting.accounts.stripe.value: Must be an account"),
        ('accounts = { stripes = "517000" }', "tenant.accounting.accounts.stripes.key: Must be one of"),
        ('accounts = { bank = "512\\t000" }', "tenant.accounting.accounts.bank.value: Must be an account"),
        (
            'vat_accounts = { "twenty" = "445711" }',
            "tenant.accounting.vat_accounts.twenty.key: Must be a percentage",
        ),
        ('iban = "FR76"', "tenant.accounting.iban: Unknown key."),
    ],
)
def test_what_is_wrong_with_an_account_is_one_line(line: str, message: str) -> None:
    text = (CATALOGS / "oracle-lumira.toml").read_text()
    content = text.replace("\n[[products]]", f"\n[tenant.accounting]\n{line}\n\n[[products]]", 1)
    with pytest.raises(CatalogError) as raised:
        catalog_file.parse(content.encode())
    assert message in str(raised.value)

"""A catalog file describes the connection to Dolibarr; its key never stands there."""

import secrets
from pathlib import Path

import pytest

from lumira.cli.tenants import tenant_id_of
from lumira.models import LostDisputePolicy
from lumira.services.crm.view_connection import view_connection

pytestmark = pytest.mark.usefixtures("app_context")

CATALOGS = Path(__file__).resolve().parents[3] / "config" / "catalogs"
TABLE = """
[tenant.crm]
url = "{url}"
bank_account = 3
lost_disputes = "review"

[tenant.crm.vat_rates]
mystique = 5.5
simple = 0

[[products]]"""


@pytest.fixture
def slug() -> str:
    return f"file-{secrets.token_hex(6)}"


@pytest.fixture
def file(tmp_path: Path, slug: str, dolibarr_server) -> Path:
    text = (CATALOGS / "oracle-lumira.toml").read_text()
    text = text.replace("oracle-lumira", slug).replace('"LUM"', f'"{secrets.token_hex(4).upper()}"')
    path = tmp_path / "catalog.toml"
    path.write_text(text.replace("\n[[products]]", TABLE.format(url=f"{dolibarr_server.url}/"), 1))
    return path


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_the_file_sets_the_connection_and_the_key_is_entered_besides(
    run_flask, file, slug, dolibarr_server
) -> None:
    assert "crm " in run_flask("catalog", "apply", file).stdout
    view = view_connection(tenant_id_of(slug))
    assert view.settings is not None
    assert (view.settings.url, view.settings.bank_account_id) == (dolibarr_server.url, 3)
    assert view.settings.vat_rates == {"mystique": "5.50", "simple": "0.00"}
    assert view.settings.lost_disputes is LostDisputePolicy.REVIEW
    assert not view.has_key
    assert run_flask("catalog", "apply", file).stdout == f"{slug}: nothing to change.\n"
    run_flask("crm", "connect", slug, "--api-key", dolibarr_server.key, "--payment-type", "6")
    run_flask("catalog", "apply", file)
    view = view_connection(tenant_id_of(slug))
    assert view.settings is not None
    assert (view.has_key, view.settings.payment_type_id) == (True, 6)


def test_another_url_in_the_file_drops_the_key(run_flask, file, slug, dolibarr_server) -> None:
    run_flask("catalog", "apply", file)
    run_flask("crm", "connect", slug, "--api-key", dolibarr_server.key)
    change(file, dolibarr_server.url, f"{dolibarr_server.url}-moved")
    run_flask("catalog", "apply", file)
    assert not view_connection(tenant_id_of(slug)).has_key


def test_what_was_changed_elsewhere_is_replaced_only_if_asked(run_flask, file, slug) -> None:
    run_flask("catalog", "apply", file)
    run_flask("crm", "connect", slug, "--bank-account", "9")
    refused = run_flask("catalog", "apply", file, code=1)
    assert "tenant.crm" in refused.stderr
    run_flask("catalog", "apply", file, "--overwrite")
    settings = view_connection(tenant_id_of(slug)).settings
    assert settings is not None
    assert settings.bank_account_id == 3


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("bank_account = 3", "bank_account = 0", "tenant.crm.bank_account"),
        ("bank_account = 3", 'api_key = "secret"', "Unknown key"),
        ("mystique = 5.5", "nothing = 5.5", "There is no product nothing"),
        ("mystique = 5.5", "mystique = 120", "tenant.crm.vat_rates"),
        ('lost_disputes = "review"', 'lost_disputes = "keep"', "tenant.crm.lost_disputes"),
        ('url = "http://', 'url = "ftp://', "must begin with https"),
    ],
)
def test_a_wrong_value_is_named_and_changes_nothing(run_flask, file, slug, before, after, message) -> None:
    change(file, before, after)
    assert message in run_flask("catalog", "apply", file, code=1).stderr

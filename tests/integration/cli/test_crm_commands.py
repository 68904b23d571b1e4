"""`flask crm …`: connect a shop to Dolibarr, check it, set it up, switch it on and off."""

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry
from lumira.services.crm.view_connection import view_connection
from tests.support.dolibarr import DolibarrSandbox

pytestmark = pytest.mark.usefixtures("app_context")


def actions(tenant) -> list[str]:
    with atomic(tenant.id):
        rows = db.session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars()
        return [action for action in rows if action.startswith("crm_")]


def test_a_shop_is_connected_set_up_checked_and_switched_on(run_flask, tenant, sandbox) -> None:
    dolibarr = DolibarrSandbox(sandbox.url, has_extra_fields=False)
    connected = run_flask(
        *("crm", "connect", tenant.slug, "--url", f"{dolibarr.url}/api/index.php/", "--api-key", "-"),
        *("--test-sales", "--vat-rate", "mystique=5,5"),
        stdin=f"{dolibarr.key}\n",
    )
    assert "check it with" in connected.stdout
    failing = run_flask("crm", "check", tenant.slug, code=1)
    assert "The extra field `lumira_id` is missing: invoices." in failing.stdout
    assert f"flask crm setup {tenant.slug}" in failing.stdout

    first = run_flask("crm", "setup", tenant.slug, "--admin-key", "-", stdin=f"{dolibarr.admin_key}\n")
    assert "extra field lumira_id of facture: created." in first.stdout
    assert "bank account Stripe: created." in first.stdout
    second = run_flask("crm", "setup", tenant.slug, "--admin-key", dolibarr.admin_key)
    assert "created" not in second.stdout
    checked = run_flask("crm", "check", tenant.slug)
    assert "has what Lumira needs" in checked.stdout
    assert "switched on." in run_flask("crm", "on", tenant.slug).stdout
    shown = run_flask("crm", "show", tenant.slug).stdout
    assert "by product: mystique 5.50" in shown
    assert dolibarr.key not in shown
    assert "switched off." in run_flask("crm", "off", tenant.slug).stdout
    assert "removed." in run_flask("crm", "disconnect", tenant.slug).stdout
    assert actions(tenant) == [
        "crm_connection_set",
        "crm_set_up",
        "crm_set_up",
        "crm_switched_on",
        "crm_switched_off",
        "crm_connection_removed",
    ]
    for result in (connected, failing, first, second, checked):
        assert dolibarr.admin_key not in result.stdout + result.stderr


def test_setup_says_why_a_key_that_is_no_administrators_is_refused(
    run_flask, tenant, dolibarr_server
) -> None:
    run_flask("crm", "connect", tenant.slug, "--url", dolibarr_server.url, "--api-key", dolibarr_server.key)
    refused = run_flask("crm", "setup", tenant.slug, "--admin-key", dolibarr_server.key, code=1)
    assert "lacks a right" in refused.stderr


def test_another_url_asks_for_the_key_again(run_flask, tenant, dolibarr_server) -> None:
    run_flask("crm", "connect", tenant.slug, "--url", dolibarr_server.url, "--api-key", dolibarr_server.key)
    moved = run_flask("crm", "connect", tenant.slug, "--url", f"{dolibarr_server.url}-moved")
    assert f"flask crm connect {tenant.slug} --api-key -" in moved.stderr
    assert not view_connection(tenant.id).has_key


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (("--api-key", "k"), "Name the URL", 2),
        (("--url", "http://192.0.2.7"), "must begin with https", 1),
        (("--url", "https://dolibarr.example.com", "--vat-rate", "tea"), "no PRODUCT=PERCENT", 2),
        (("--url", "https://dolibarr.example.com", "--vat-rate", "nothing=5"), "no product nothing", 1),
        (("--url", "https://dolibarr.example.com", "--bank-account", "0"), "0 is not in the range", 2),
    ],
)
def test_a_wrong_option_is_named_and_changes_nothing(run_flask, tenant, arguments, message, code) -> None:
    result = run_flask("crm", "connect", tenant.slug, *arguments, code=code)
    assert message in result.stderr
    assert view_connection(tenant.id).settings is None


def test_what_needs_a_connection_says_so(run_flask, tenant) -> None:
    for command in (("show",), ("check",), ("on",), ("setup", "--admin-key", "k"), ("drift",)):
        result = run_flask("crm", command[0], tenant.slug, *command[1:], code=1)
        assert "connection to Dolibarr" in result.stderr or "of Dolibarr first" in result.stderr
    assert "on first" in run_flask("crm", "sync", tenant.slug, "--since", "2026-11-01", code=1).stderr

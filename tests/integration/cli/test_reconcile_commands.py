"""An operator reconciles with Stripe, and the result is a table."""

from datetime import timedelta

import pytest

from lumira.models import OrderStatus
from lumira.reconciliation import pull_events, reconcile
from lumira.reconciliation.report import ReconciliationReport
from lumira.services.tenants.freeze_tenant import freeze_tenant
from lumira.webhooks import process
from tests.support import stripe_sandbox
from tests.support.factories import load_order, open_payment

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    # An event is pulled at once, without time for its webhook to arrive.
    monkeypatch.setattr(pull_events, "GRACE", timedelta(seconds=-2))


def rows(output: str) -> dict[str, list[str]]:
    """Columns by tenant; the last one is a sentence."""
    _, *lines = output.splitlines()
    return {line.split()[0]: line.split(maxsplit=5)[1:] for line in lines}


def test_findings_are_printed_in_a_table_of_tenants(run_flask, tenant, other_tenant):
    opened = open_payment(tenant)
    stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)

    result = run_flask("reconcile", "--since", "30m", "--tenant", tenant.slug)

    heading, *_ = result.stdout.splitlines()
    assert heading.split("  ")[0] == "TENANT"
    for column in ("EVENTS RECOVERED", "PAYMENTS DECIDED", "ORDERS POLLED", "ORDERS REPAIRED", "STRIPE"):
        assert column in heading
    [(slug, (recovered, decided, polled, repaired, stripe))] = rows(result.stdout).items()
    assert slug == tenant.slug
    assert int(recovered) > 0
    assert (decided, polled, repaired, stripe) == ("0", "1", "1", "available")
    process.process_events(tenant.id)
    assert load_order(tenant, opened.order_number).status is OrderStatus.COMPLETED


def test_without_a_tenant_all_tenants_are_reconciled(run_flask, tenant, make_brand, monkeypatch):
    keyless = make_brand(stripe=False)
    output = rows(run_flask("reconcile").stdout)
    assert output[tenant.slug][-1] == "available"
    assert output[keyless.slug][-1] == "no Stripe key"


def test_a_frozen_tenant_is_left_out(run_flask, tenant, other_tenant):
    freeze_tenant(tenant.id, actor="test")
    result = run_flask("reconcile")
    assert tenant.slug not in rows(result.stdout)
    assert f"{tenant.slug}: is frozen" in result.stderr
    assert rows(result.stdout)[other_tenant.slug][-1] == "available"


def test_an_unavailable_stripe_is_reported_and_is_no_failure(run_flask, tenant):
    stripe_sandbox.fail_next(tenant, "500_before", method="GET", path="/v1", times=50)

    result = run_flask("reconcile", "--tenant", tenant.slug)

    assert rows(result.stdout)[tenant.slug][-1] == "unavailable"


def test_an_internal_error_is_a_failure_and_the_table_is_still_printed(run_flask, tenant, monkeypatch):
    monkeypatch.setattr(reconcile, "reconcile", lambda *_, **__: ReconciliationReport(failures=2))

    result = run_flask("reconcile", "--tenant", tenant.slug, code=1)

    assert tenant.slug in result.stdout
    assert "2 could not be reconciled" in result.stderr


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("3d", timedelta(days=3)),
        ("30d", timedelta(days=30)),
    ],
)
def test_a_duration_is_minutes_hours_or_days(run_flask, tenant, monkeypatch, given, meant):
    asked = []
    monkeypatch.setattr(
        reconcile, "reconcile", lambda _, since, **__: asked.append(since) or ReconciliationReport()
    )
    run_flask("reconcile", "--tenant", tenant.slug, "--since", given)
    assert asked == [meant]


@pytest.mark.parametrize("given", ["", "3", "d", "3w", "-3d", "0h", "1.5h", "31d", "721h", "99999d", "٣d"])
def test_an_invalid_duration_is_a_usage_error(run_flask, tenant, given):
    run_flask("reconcile", "--tenant", tenant.slug, "--since", given, code=2)


def test_an_unknown_tenant_is_one_line(run_flask):
    assert "There is no tenant unknown" in run_flask("reconcile", "--tenant", "unknown", code=1).stderr

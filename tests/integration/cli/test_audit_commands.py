"""`flask audit …` as an operator types it."""

import pytest
from flask import Flask

from config.settings import Settings
from lumira.database import atomic
from lumira.repositories.audit import audit
from lumira.services.audit.seal_entries import seal_recent
from tests.integration.cli.conftest import RunFlask
from tests.integration.services.audit.test_audit_chain import entries
from tests.support.database_owner import database_owner
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def act(brand: Brand, *, actor: str = "operator", action: str = "tested", subject: str = "order:1") -> None:
    with atomic(brand.id):
        audit.record(brand.id, actor=actor, action=action, subject=subject, amount=1400)


def test_show_prints_who_did_what_newest_first(run_flask: RunFlask, tenant: Brand) -> None:
    act(tenant)
    act(tenant, actor="stripe", action="settled", subject="order:2")

    lines = run_flask("audit", "show", tenant.slug).stdout.splitlines()

    assert lines[1].split()[3:] == ["stripe", "settled", "order:2", "amount", "1400"]
    assert lines[2].split()[3:] == ["operator", "tested", "order:1", "amount", "1400"]


@pytest.mark.parametrize(
    "options", [("--actor", "stripe"), ("--action", "settled"), ("--subject", "order:2"), ("--limit", "1")]
)
def test_show_prints_the_requested_entries_only(
    run_flask: RunFlask, tenant: Brand, options: tuple[str, str]
) -> None:
    act(tenant)
    act(tenant, actor="stripe", action="settled", subject="order:2")

    printed = run_flask("audit", "show", tenant.slug, *options).stdout

    assert "settled" in printed
    assert "tested" not in printed


def test_show_prints_entries_since_a_day_of_the_tenants_time_zone(run_flask: RunFlask, tenant: Brand) -> None:
    act(tenant)

    assert "tested" in run_flask("audit", "show", tenant.slug, "--since", "2026-01-01").stdout
    assert "tested" not in run_flask("audit", "show", tenant.slug, "--since", "2126-01-01").stdout


def test_show_prints_no_entry_of_another_tenant(
    run_flask: RunFlask, tenant: Brand, other_tenant: Brand
) -> None:
    act(other_tenant)

    assert "tested" not in run_flask("audit", "show", tenant.slug).stdout


def test_verify_ends_with_zero_while_nothing_was_changed(run_flask: RunFlask, tenant: Brand) -> None:
    act(tenant)
    seal_recent(tenant.id)

    assert "The audit log is unchanged" in run_flask("audit", "verify", "--tenant", tenant.slug).stdout


def test_verify_names_the_first_changed_entry_and_fails(
    run_flask: RunFlask, tenant: Brand, settings: Settings, app: Flask
) -> None:
    act(tenant)
    act(tenant)
    seal_recent(tenant.id)
    first, _ = entries(tenant)[-2:]
    with database_owner(settings) as connection:
        connection.execute("UPDATE audit_entries SET action = 'other' WHERE id = %s", (first.id,))

    result = run_flask("audit", "verify", "--tenant", tenant.slug, code=1)

    assert f"the entry {first.id} (other of order:1) was changed" in result.stdout
    assert "1 error in the audit log" in result.stderr

"""`flask webhooks setup` and `flask doctor`, as an operator types them."""

from collections.abc import Callable
from typing import Any

import pytest

from config.smtp_server import SmtpServer
from lumira.database import atomic, db
from lumira.repositories.tenants import stripe_accounts
from tests.integration.cli.conftest import RunFlask
from tests.support.factories import Brand
from tests.support.payment_pages import HERE
from tests.support.stripe_sandbox import call

pytestmark = pytest.mark.usefixtures("app_context")


def test_setup_makes_the_doctor_content(
    run_flask: RunFlask, configure: Callable[..., None], worker: None, make_brand: Callable[..., Brand]
) -> None:
    configure(public_url="https://pay.lumira.app")
    tenant = make_brand(**HERE)
    with atomic(tenant.id):
        stripe_accounts.remove_webhook_secret(tenant.id, tenant.webhook_secret)
    before = run_flask("doctor", "--tenant", tenant.slug, code=1).stdout
    assert f"fault    {tenant.slug}, webhook endpoint: No endpoint delivers to" in before
    assert f"Run `flask webhooks setup {tenant.slug}`." in before

    done = run_flask("webhooks", "setup", tenant.slug)

    assert "was created" in done.stdout
    assert "whsec" not in done.output
    after = run_flask("doctor", "--tenant", tenant.slug, code=1).stdout
    assert [
        line for line in after.splitlines() if line.startswith("fault") and "cannot be reached" not in line
    ] == []
    assert "delivers every event that Lumira handles" in after
    assert "pay.lumira.app is registered" in after


def test_the_doctor_checks_the_installation(
    run_flask: RunFlask, worker: None, configure: Callable[..., None], tenant: Brand
) -> None:
    configure(public_url="https://pay.lumira.app")
    run_flask("webhooks", "setup", tenant.slug)
    said = run_flask("doctor", "--tenant", tenant.slug, code=1).stdout
    for line in ("ok       database:", "ok       encryption keys:", "ok       worker:", "ok       storage:"):
        assert line in said
    assert "warning  mail server: Messages are written to files" in said
    assert "no money moves" in said


def test_a_worker_that_does_not_run_is_a_fault(run_flask: RunFlask) -> None:
    failed = run_flask("doctor", code=1)
    assert "fault    worker: No worker runs" in failed.stdout
    assert "Start `flask worker`." in failed.stdout


def test_a_mail_server_that_refuses_connections_is_a_fault(
    run_flask: RunFlask, worker: None, configure: Callable[..., None]
) -> None:
    configure(smtp=SmtpServer("127.0.0.1", 1, "never", "user", "very-secret"))
    failed = run_flask("doctor", code=1)
    assert "fault    mail server: It does not accept the connection. 127.0.0.1:1 replies:" in failed.stdout
    assert "very-secret" not in failed.output


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"disabled": "true"}, "is disabled: nothing is delivered."),
        ({"enabled_events[]": "invoice.paid"}, "does not deliver charge."),
    ],
)
def test_an_endpoint_that_lacks_something_is_named(
    run_flask: RunFlask,
    worker: None,
    configure: Callable[..., None],
    make_brand: Callable[..., Brand],
    changed: dict[str, str],
    line: str,
) -> None:
    configure(public_url="https://pay.lumira.app")
    tenant = make_brand()
    run_flask("webhooks", "setup", tenant.slug)
    [endpoint] = call(tenant, "GET", "/v1/webhook_endpoints")["data"]
    call(tenant, "POST", f"/v1/webhook_endpoints/{endpoint['id']}", data=changed)

    said = run_flask("doctor", "--tenant", tenant.slug, code=1).stdout

    assert f"{tenant.slug}, webhook endpoint: {endpoint['id']} {line}" in said
    run_flask("webhooks", "setup", tenant.slug)
    assert line not in run_flask("doctor", "--tenant", tenant.slug, code=1).stdout


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"stripe": False}, "Stripe key: This shop has no Stripe key."),
        ({"payment_page": "element", "stripe_publishable_key": None}, "publishable key: It is missing"),
    ],
)
def test_a_tenant_without_a_key_is_named_with_the_command_that_enters_it(
    run_flask: RunFlask, worker: None, make_brand: Callable[..., Brand], columns: dict[str, Any], line: str
) -> None:
    tenant = make_brand(
        **{name: value for name, value in columns.items() if name != "stripe_publishable_key"}
    )
    if "stripe_publishable_key" in columns:
        with atomic(tenant.id):
            db.session.execute(
                db.text("UPDATE tenants SET stripe_publishable_key = NULL WHERE id = :id"), {"id": tenant.id}
            )
    said = run_flask("doctor", code=1).stdout
    assert f"fault    {tenant.slug}, {line}" in said
    assert f"`flask tenants stripe {tenant.slug}" in said


def test_without_a_name_every_tenant_is_checked(
    run_flask: RunFlask, worker: None, make_brand: Callable[..., Brand]
) -> None:
    slugs = [make_brand(stripe=False).slug for _ in range(2)]
    said = run_flask("doctor", code=1).stdout
    assert all(f"fault    {slug}, Stripe key" in said for slug in slugs)


def test_a_key_that_stripe_refuses_is_named(
    run_flask: RunFlask, worker: None, make_brand: Callable[..., Brand]
) -> None:
    tenant = make_brand()
    run_flask("tenants", "stripe", tenant.slug, "--secret-key", "sk_test_invalid_123456")
    said = run_flask("doctor", code=1).stdout
    assert f"fault    {tenant.slug}, Stripe key: Stripe does not accept this shop's key." in said
    assert "invalid_123456" not in said

"""A shop that is moved takes no change: not by a buyer, not by Stripe, not by a worker, and not by a command."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from config.settings import Settings
from lumira import encryption
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import TenantExported, TenantFrozen
from lumira.models import Language, Order, OutboxMessage, Role, WebhookEvent
from lumira.pipelines import run_together
from lumira.prepared_statements import from_text
from lumira.repositories.customers import customers
from lumira.repositories.installation import due_work
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.encrypted_secrets.rotate_secrets import rotate_secrets
from lumira.services.tenants.freeze_tenant import freeze_tenant, resume_tenant
from lumira.tasks import queue
from tests.support import stripe_events
from tests.support.dashboard import add_role, make_operator, sign_in
from tests.support.factories import Brand, count, open_payment
from tests.support.log_lines import logged
from tests.support.refunds import audited

pytestmark = pytest.mark.usefixtures("app_context")

SALE = {"productId": "mystique", "customerEmail": "buyer@example.com"}


def test_a_frozen_shop_refuses_a_sale_with_503_and_shows_what_is_there(
    tenant: Brand, client: FlaskClient
) -> None:
    number = open_payment(tenant).order_number
    freeze_tenant(tenant.id, actor="operator")

    sale = client.post("/api/products/create-payment-intent", json=SALE, headers=tenant.secret)
    shown = client.get(f"/api/orders/{number}", headers=tenant.secret)

    retry_after = sale.headers.get("Retry-After")
    assert (sale.status_code, sale.json["code"], retry_after) == (503, "SERVICE_UNAVAILABLE", "60")
    assert "being moved" in sale.json["message"]
    assert shown.status_code == 200
    assert count(tenant, Order) == 1


def test_a_refused_change_leaves_the_connections_of_other_shops_alone(
    tenant: Brand, other_tenant: Brand, client: FlaskClient
) -> None:
    freeze_tenant(tenant.id, actor="operator")
    open_payment(other_tenant)
    before = db.engine.pool.checkedin()

    with pytest.raises(TenantFrozen):
        open_payment(tenant)

    assert db.engine.pool.checkedin() == before > 0
    assert open_payment(other_tenant).order_number


def test_statements_of_one_message_leave_the_connection_too(tenant: Brand) -> None:
    change = from_text("UPDATE tenants SET name = name WHERE id = %(id)s").with_values({"id": tenant.id})
    freeze_tenant(tenant.id, actor="operator")
    before = _session_of_server()

    with pytest.raises(TenantFrozen), atomic(tenant.id):
        run_together([change])

    assert _session_of_server() == before


def _session_of_server() -> int:
    with atomic(None) as session:
        pid: int = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        return pid


def test_stripe_repeats_a_delivery_to_a_frozen_shop(tenant: Brand, client: FlaskClient) -> None:
    freeze_tenant(tenant.id, actor="operator")
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    signed = {"Stripe-Signature": stripe_events.signature(body, tenant.webhook_secret)}

    refused = [
        client.post("/api/webhooks/stripe", data=body, headers={**signed, "Host": tenant.domain}).status_code,
        client.post(f"/api/webhooks/stripe/{tenant.slug}", data=body, headers=signed).status_code,
    ]
    stored = count(tenant, WebhookEvent)
    resume_tenant(tenant.id, actor="operator")

    assert (refused, stored) == ([503, 503], 0)
    assert client.post(f"/api/webhooks/stripe/{tenant.slug}", data=body, headers=signed).status_code == 200


def test_workers_leave_a_frozen_shop_alone(tenant: Brand) -> None:
    order_id = open_payment(tenant).order_number
    due = [tenant.id in due_work.tenants_with_due_polls(datetime(2100, 1, 1, tzinfo=UTC))]
    freeze_tenant(tenant.id, actor="operator")
    due.append(tenant.id in due_work.tenants_with_due_polls(datetime(2100, 1, 1, tzinfo=UTC)))
    queue.process_events(tenant.id)
    queue.relay_outbox(tenant.id)

    with atomic(None):
        assert tenant.id not in tenants.list_active_ids()
        assert tenant.id in tenants.list_ids()
    assert due == [True, False]
    assert order_id
    assert count(tenant, OutboxMessage, status="sent") == 0


def test_the_work_of_a_frozen_shop_is_not_late(tenant: Brand) -> None:
    open_payment(tenant)
    before = _late()["polls"]
    freeze_tenant(tenant.id, actor="operator")

    assert _late()["polls"] == before - 1


def _late() -> dict[str, int]:
    with atomic(None) as session:
        return due_work.count_tenants(datetime(2100, 1, 1, tzinfo=UTC), session.connection())


def test_a_sign_in_of_its_operator_is_recorded_at_the_other_shops_only(
    app: Flask, tenant: Brand, other_tenant: Brand
) -> None:
    operator = make_operator(tenant)
    add_role(operator, other_tenant, Role.VIEWER)
    freeze_tenant(tenant.id, actor="operator")

    browser = sign_in(app, operator)

    assert browser.get(f"/dashboard/{tenant.slug}/orders").status_code == 200
    signed_in = [len(audited(brand, "operator_signed_in")) for brand in (tenant, other_tenant)]
    assert signed_in == [0, 1]


def test_each_page_of_a_frozen_shop_says_so_and_its_exports_work(
    app: Flask, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    email = "reader@example.com"
    open_payment(tenant, customer_email=email)
    path = f"/dashboard/{tenant.slug}"
    browser = sign_in(app, make_operator(tenant))
    assert "is being moved" not in browser.get(path).text
    with atomic(tenant.id):
        customer_id = customers.get_current(tenant.id, email).id
    today = f"{utc_now():%Y-%m-%d}"
    freeze_tenant(tenant.id, actor="operator")
    app.extensions["lumira.shops"][0].clear()

    exported = browser.get(f"{path}/orders/export").text
    browser.get(f"{path}/audit/export").close()
    browser.get(f"{path}/accounting/sales.csv?from={today}&to={today}").close()
    browser.submit(f"{path}/customers/{customer_id}/export").close()
    verified = browser.submit(f"{path}/audit/verify")

    assert email in exported
    assert verified.status_code == 303
    assert [line["action"] for line in logged(capsys, "frozen_tenant_read")] == [
        "orders_exported",
        "audit_exported",
        "accounting_exported",
        "customer_exported",
        "audit_verified",
    ]
    for page in (path, f"{path}/settings", f"{path}/customers/{customer_id}"):
        assert "is being moved" in browser.get(page).text


def test_a_form_of_a_frozen_shop_is_refused_before_it_calls_anything(app: Flask, tenant: Brand) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    path = f"/dashboard/{tenant.slug}/set-up/stripe"
    freeze_tenant(tenant.id, actor="operator")
    app.extensions["lumira.shops"][0].clear()

    refused = browser.submit(path)
    resume_tenant(tenant.id, actor="operator")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert "Cette boutique déménage" in refused.text
    assert "déménage" not in browser.get(f"/dashboard/{tenant.slug}").text


def test_the_secrets_of_a_frozen_shop_follow_the_encryption_keys(tenant: Brand, settings: Settings) -> None:
    new = Fernet.generate_key().decode()
    freeze_tenant(tenant.id, actor="operator")
    try:
        encryption.configure((new, *settings.encryption_keys))
        assert rotate_secrets(tenant.id, actor="operator").encrypted.total() > 0

        encryption.configure((new,))
        with atomic(tenant.id):
            assert stripe_accounts.find_account(tenant.id) is not None
    finally:
        # The other tests of this process find readable credentials only.
        encryption.configure((*settings.encryption_keys, new))
        rotate_secrets(tenant.id, actor="operator")
        encryption.configure(settings.encryption_keys)


def test_a_shop_whose_archive_may_sell_elsewhere_is_not_resumed_by_accident(tenant: Brand) -> None:
    freeze_tenant(tenant.id, actor="operator")
    with atomic(tenant.id, changes_frozen=True):
        tenants.get(tenant.id).export_id = uuid4()

    with pytest.raises(TenantExported, match="--discard-export"):
        resume_tenant(tenant.id, actor="operator")
    with pytest.raises(TenantFrozen):
        open_payment(tenant)

    assert resume_tenant(tenant.id, actor="operator", discards_export=True)
    assert open_payment(tenant).order_number


def test_freezing_and_resuming_twice_changes_nothing(tenant: Brand) -> None:
    since = freeze_tenant(tenant.id, actor="operator")
    assert freeze_tenant(tenant.id, actor="operator") == since <= utc_now()
    assert resume_tenant(tenant.id, actor="operator")
    assert not resume_tenant(tenant.id, actor="operator")

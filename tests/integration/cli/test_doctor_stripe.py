"""Each line of `flask doctor` about a tenant's account at Stripe, broken and mended."""

from collections.abc import Callable
from typing import Any

import pytest

from lumira import encryption, stripe_slots
from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic, db
from lumira.models import PaymentPage, Tenant
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.tenants.set_up_webhooks import set_up_webhooks
from lumira.webhooks.registry import handled_types
from tests.integration.cli.conftest import Doctor
from tests.support import stripe_sandbox
from tests.support.doctor import PERMITTED, report, restrict
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

#: Stripe serves no page of this host, so that nothing about its domains is in the way.
PUBLIC = "https://pay.lumira.app"


def use_keys(brand: Brand, **keys: str) -> None:
    with atomic(brand.id):
        stripe_accounts.set_keys(tenants.get(brand.id), **keys)


def change(brand: Brand, **columns: Any) -> None:
    with atomic(brand.id):
        for name, value in columns.items():
            setattr(db.session.get_one(Tenant, brand.id), name, value)


@pytest.fixture
def registered(tenant: Brand, configure: Callable[..., None]) -> Brand:
    """A tenant whose endpoint and domains are registered at Stripe."""
    configure(public_url=PUBLIC)
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [])
    set_up_webhooks(tenant.id, public_url=PUBLIC, events=handled_types(), actor="test")
    return tenant


def endpoint_of(brand: Brand) -> dict[str, Any]:
    [endpoint] = stripe_sandbox.call(brand, "GET", "/v1/webhook_endpoints")["data"]
    return dict(endpoint)


def test_a_missing_key_is_named_until_it_is_entered(doctor: Doctor, make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(stripe=False)
    assert doctor(brand)["Stripe key"] == ["key_missing"]
    use_keys(brand, secret_key=brand.stripe_secret_key)
    assert doctor(brand)["Stripe key"] == ["key_test"]


def test_a_key_that_cannot_be_decrypted_is_named_until_it_is_entered_again(
    doctor: Doctor, tenant: Brand
) -> None:
    sealed = encryption.seal("sk_test_x", tenant_id=tenant.id + 1, purpose="stripe secret key")
    change(tenant, stripe_secret_key_sealed=sealed)
    assert doctor()["Stripe key"] == ["key_unreadable"]
    use_keys(tenant, secret_key=tenant.stripe_secret_key)
    assert doctor()["Stripe key"] == ["key_test"]


def test_a_key_that_stripe_refuses_is_named_with_stripes_reason(app, doctor: Doctor, tenant: Brand) -> None:
    restrict(tenant, list(PERMITTED))
    with atomic(tenant.id):
        key = stripe_accounts.get_account(tenant.id).secret_key
    stripe_sandbox.call(tenant, "POST", "/sandbox/keys/revoke", json={"key": key})
    [refused] = [each for each in report(app, tenant)["findings"] if each["line"] == "Stripe key"]
    assert refused["code"] == "key_refused_with_reason"
    assert key not in str(refused)
    use_keys(tenant, secret_key=tenant.stripe_secret_key)
    assert doctor()["Stripe key"] == ["key_test"]


def test_a_key_that_may_not_read_the_account_works_nevertheless(doctor: Doctor, tenant: Brand) -> None:
    restrict(tenant, [each for each in PERMITTED if each != "account:read"])
    found = doctor()
    assert found["Stripe key"] == ["key_test_restricted", "key_has_permissions"]
    assert "Stripe account" not in found


@pytest.mark.parametrize(
    ("fault", "code"), [("500_before", "stripe_fails"), ("drop_before", "stripe_unreachable")]
)
def test_a_stripe_that_fails_is_named_until_it_responds(
    doctor: Doctor, tenant: Brand, fault: str, code: str
) -> None:
    stripe_sandbox.fail_next(tenant, fault, path="/v1/account", method="GET", times=10)
    found = doctor()
    assert (found["Stripe account"], "clock" in found) == ([code], False)
    stripe_sandbox.clear_faults(tenant)
    assert doctor()["Stripe account"] == ["account_works"]


def test_a_process_in_which_too_many_calls_wait_for_stripe_is_named(
    doctor: Doctor, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_slots, "_PATIENCE", 0.1)
    stripe_slots.configure(0)
    try:
        assert doctor()["Stripe account"] == ["stripe_busy"]
    finally:
        stripe_slots.configure(settings.stripe_concurrency)
    assert doctor()["Stripe account"] == ["account_works"]


def test_an_account_that_cannot_take_payments_is_named(doctor: Doctor, tenant: Brand) -> None:
    for is_enabled, code in ((False, "account_incomplete"), (True, "account_works")):
        stripe_sandbox.call(tenant, "POST", "/sandbox/settings", json={"charges_enabled": is_enabled})
        assert doctor()["Stripe account"] == [code]


def test_a_missing_publishable_key_is_a_fault_where_the_checkout_page_needs_it(
    doctor: Doctor, tenant: Brand
) -> None:
    change(tenant, stripe_publishable_key=None)
    assert doctor()["publishable key"] == ["publishable_key_missing"]
    change(tenant, payment_page=PaymentPage.ELEMENT)
    assert doctor()["publishable key"] == ["publishable_key_missing_at_checkout"]
    use_keys(tenant, publishable_key=tenant.stripe_publishable_key)
    assert doctor()["publishable key"] == ["publishable_key_set"]


def test_an_endpoint_whose_address_is_unknown_or_that_is_missing_is_named(
    doctor: Doctor, tenant: Brand, configure: Callable[..., None]
) -> None:
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [])
    assert doctor()["webhook endpoint"] == ["endpoint_unknown"]
    configure(public_url=PUBLIC)
    assert doctor()["webhook endpoint"] == ["endpoint_missing"]
    set_up_webhooks(tenant.id, public_url=PUBLIC, events=handled_types(), actor="test")
    assert doctor()["webhook endpoint"] == ["endpoint_works"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"disabled": "true"}, "endpoint_disabled"),
        ({"enabled_events[]": "invoice.paid"}, "endpoint_events_missing"),
    ],
)
def test_an_endpoint_that_was_changed_is_named_until_it_is_set_up_again(
    doctor: Doctor, registered: Brand, changed: dict[str, str], code: str
) -> None:
    stripe_sandbox.call(
        registered, "POST", f"/v1/webhook_endpoints/{endpoint_of(registered)['id']}", data=changed
    )
    assert doctor()["webhook endpoint"] == [code]
    set_up_webhooks(registered.id, public_url=PUBLIC, events=handled_types(), actor="test")
    assert doctor()["webhook endpoint"] == ["endpoint_works"]


def test_an_endpoint_whose_secret_is_not_stored_is_named(doctor: Doctor, registered: Brand) -> None:
    with atomic(registered.id):
        stored = stripe_accounts.list_webhook_secrets(registered.id)
        for secret in stored:
            stripe_accounts.remove_webhook_secret(registered.id, secret)
    assert doctor()["webhook endpoint"] == ["endpoint_secret_missing"]
    with atomic(registered.id):
        for secret in stored:
            stripe_accounts.add_webhook_secret(registered.id, secret)
    assert doctor()["webhook endpoint"] == ["endpoint_works"]


def test_an_endpoint_of_another_api_version_is_named_until_it_is_replaced(
    doctor: Doctor, tenant: Brand, configure: Callable[..., None]
) -> None:
    configure(public_url=PUBLIC)
    form = {
        "url": f"{PUBLIC}/api/webhooks/stripe/{tenant.slug}",
        "enabled_events[]": "*",
        "api_version": "2024-06-20",
    }
    stripe_sandbox.call(tenant, "POST", "/v1/webhook_endpoints", data=form)
    assert form["api_version"] != API_VERSION
    assert doctor()["webhook endpoint"] == ["endpoint_version"]
    set_up_webhooks(tenant.id, public_url=PUBLIC, events=handled_types(), actor="test")
    assert doctor()["webhook endpoint"] == ["endpoint_works"]


def test_a_connect_account_needs_no_endpoint_of_its_own(doctor: Doctor, tenant: Brand) -> None:
    connected = stripe_sandbox.call(
        tenant, "POST", "/sandbox/connect", json={"name": f"connected_{tenant.id}"}
    )
    change(tenant, stripe_account=connected["account"])
    found = doctor()
    assert (found["webhook endpoint"], found["Stripe account"]) == (
        ["endpoint_of_platform"],
        ["account_works"],
    )


def test_what_a_key_may_not_list_is_a_warning(doctor: Doctor, registered: Brand) -> None:
    unlisted = ("webhook_endpoints:write", "payment_method_domains:write")
    restrict(registered, [each for each in PERMITTED if each not in unlisted])
    found = doctor()
    assert (found["webhook endpoint"], found["domains"]) == (["endpoint_unlisted"], ["domains_unlisted"])
    restrict(registered, list(PERMITTED))
    found = doctor()
    assert (found["webhook endpoint"], found["domains"]) == (["endpoint_works"], ["domain_registered"])


def test_a_domain_that_is_not_registered_or_not_verified_is_named(
    doctor: Doctor, tenant: Brand, configure: Callable[..., None]
) -> None:
    # Apple cannot reach the domain, which is reserved for examples.
    assert doctor()["domains"] == ["domain_unregistered"]
    configure(public_url=PUBLIC)
    set_up_webhooks(tenant.id, public_url=PUBLIC, events=handled_types(), actor="test")
    assert doctor()["domains"] == ["domain_registered", "apple_pay_inactive_with_reason"]
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [])
    assert doctor()["domains"] == ["domain_registered"]
    configure(public_url="https://127.0.0.1")
    assert doctor()["domains"] == ["domains_missing"]

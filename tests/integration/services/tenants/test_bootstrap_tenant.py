"""The default tenant gets the environment's Stripe credentials once, and stored ones are never overwritten."""

import pytest

from config.settings import SettingsError, StripeBootstrap
from lumira.database import atomic
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.tenants.bootstrap_tenant import bootstrap_tenant

pytestmark = pytest.mark.usefixtures("app_context")

GIVEN = StripeBootstrap("sk_test_environment", "pk_test_environment", "whsec_environment")


def credentials(brand) -> tuple[str | None, str | None, list[str]]:
    with atomic(brand.id):
        account = stripe_accounts.find_account(brand.id)
        return (
            account.secret_key if account else None,
            tenants.get(brand.id).stripe_publishable_key,
            stripe_accounts.list_webhook_secrets(brand.id),
        )


def test_a_tenant_without_credentials_gets_those_of_the_environment(make_brand):
    brand = make_brand(stripe=False)

    assert bootstrap_tenant(brand.slug, GIVEN)
    assert not bootstrap_tenant(brand.slug, GIVEN)

    assert credentials(brand) == ("sk_test_environment", "pk_test_environment", ["whsec_environment"])


def test_stored_credentials_are_never_overwritten(tenant):
    before = credentials(tenant)

    assert not bootstrap_tenant(tenant.slug, GIVEN)

    assert credentials(tenant) == before


def test_keys_of_two_accounts_are_never_mixed(make_brand):
    brand = make_brand(stripe=False, stripe_publishable_key="pk_test_stored")

    assert bootstrap_tenant(brand.slug, GIVEN)

    assert credentials(brand) == (None, "pk_test_stored", ["whsec_environment"])


@pytest.mark.parametrize("given", [GIVEN, StripeBootstrap()])
def test_without_a_tenant_or_credentials_nothing_happens(given):
    assert not bootstrap_tenant(None, given)
    assert not bootstrap_tenant("no-such-tenant", given)


def test_a_malformed_credential_stops_the_start_without_showing_it(make_brand):
    brand = make_brand(stripe=False)

    with pytest.raises(SettingsError, match="STRIPE_SECRET_KEY") as caught:
        bootstrap_tenant(brand.slug, StripeBootstrap(secret_key="hunter2"))

    assert "hunter2" not in str(caught.value)
    assert credentials(brand) == (None, None, [])

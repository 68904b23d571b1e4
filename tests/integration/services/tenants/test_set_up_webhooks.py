"""Setting up a tenant's account at Stripe: one complete endpoint whose secret is stored, and registered domains."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from lumira.clients.stripe_client import API_VERSION
from lumira.database import atomic
from lumira.domain.stripe.setup import short
from lumira.errors import InvalidRequest
from lumira.errors.stripe import StripePermissionMissing
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.diagnose_tenant import diagnose_tenant
from lumira.services.installation.findings import Finding, Level
from lumira.services.tenants.set_up_webhooks import set_up_webhooks
from tests.support.factories import Brand
from tests.support.refunds import audited
from tests.support.stripe_sandbox import call

pytestmark = pytest.mark.usefixtures("app_context")

EVENTS = ["charge.refunded", "payment_intent.succeeded"]
PUBLIC = "https://pay.lumira.app"


class Said(NamedTuple):
    """The sentences of a set-up, as the command prints them."""

    done: list[str]
    warnings: list[str]


def set_up(tenant: Brand, events: list[str] = EVENTS) -> Said:
    made = set_up_webhooks(tenant.id, public_url=PUBLIC, events=events, actor="test")
    return Said([str(step) for step in made.done], [str(step) for step in made.warnings])


def endpoints(tenant: Brand) -> list[dict[str, Any]]:
    return list(call(tenant, "GET", "/v1/webhook_endpoints")["data"])


def secrets_of(tenant: Brand) -> list[str]:
    with atomic(tenant.id):
        return stripe_accounts.list_webhook_secrets(tenant.id)


def create_by_hand(tenant: Brand, **changes: Any) -> str:
    form = {
        "url": f"{PUBLIC}/api/webhooks/stripe/{tenant.slug}",
        "enabled_events[]": EVENTS,
        "api_version": API_VERSION,
        **changes,
    }
    created: str = call(tenant, "POST", "/v1/webhook_endpoints", data=form)["id"]
    return created


def diagnose(tenant: Brand) -> list[Finding]:
    return list(diagnose_tenant(tenant.id, public_url=PUBLIC, events=frozenset(EVENTS)))


@pytest.fixture
def without_secret(tenant: Brand) -> Brand:
    """A tenant without a stored signing secret."""
    with atomic(tenant.id):
        stripe_accounts.remove_webhook_secret(tenant.id, tenant.webhook_secret)
    return tenant


def test_an_endpoint_is_created_once_and_its_secret_is_stored(without_secret: Brand) -> None:
    tenant = without_secret
    first, second = set_up(tenant), set_up(tenant)

    [endpoint] = endpoints(tenant)
    assert endpoint["url"] == f"{PUBLIC}/api/webhooks/stripe/{tenant.slug}"
    assert endpoint["enabled_events"] == EVENTS
    assert endpoint["api_version"] == API_VERSION
    assert len(secrets_of(tenant)) == 1
    assert "was created" in first.done[0]
    assert second.done == [f"The endpoint {endpoint['id']} is complete."]
    [entry] = audited(tenant, "webhook_endpoint_created")
    assert (entry.actor, entry.details["endpoint"]) == ("test", endpoint["id"])


def test_an_endpoint_that_was_created_by_hand_is_completed(tenant: Brand) -> None:
    endpoint_id = create_by_hand(tenant, **{"enabled_events[]": ["payment_intent.succeeded", "invoice.paid"]})
    call(tenant, "POST", f"/v1/webhook_endpoints/{endpoint_id}", data={"disabled": "true"})

    set_up(tenant)

    [endpoint] = endpoints(tenant)
    assert endpoint["status"] == "enabled"
    assert endpoint["enabled_events"] == ["charge.refunded", "invoice.paid", "payment_intent.succeeded"]
    assert secrets_of(tenant) == [tenant.webhook_secret]


def test_an_endpoint_of_another_api_version_is_replaced_without_a_gap(tenant: Brand) -> None:
    old = create_by_hand(tenant, api_version="2024-06-20")

    set_up(tenant)

    new, replaced = endpoints(tenant)
    assert (replaced["id"], replaced["status"]) == (old, "disabled")
    assert (new["api_version"], new["status"]) == (API_VERSION, "enabled")
    # Deliveries of the old one that are on the way are still accepted.
    assert tenant.webhook_secret in secrets_of(tenant)
    assert len(secrets_of(tenant)) == 2


def test_an_endpoint_whose_secret_was_lost_is_replaced(without_secret: Brand) -> None:
    lost = create_by_hand(without_secret, **{"metadata[lumiraTenant]": without_secret.slug})

    set_up(without_secret)

    new, replaced = endpoints(without_secret)
    assert (replaced["id"], replaced["status"]) == (lost, "disabled")
    assert new["status"] == "enabled"
    assert set_up(without_secret).done == [f"The endpoint {new['id']} is complete."]


def test_an_endpoint_whose_secret_is_stored_is_preferred_to_a_later_one_that_was_created_by_hand(
    tenant: Brand,
) -> None:
    set_up(tenant)
    [ours] = endpoints(tenant)
    by_hand = create_by_hand(tenant)

    set_up(tenant)

    states = {each["id"]: each["status"] for each in endpoints(tenant)}
    assert states == {ours["id"]: "enabled", by_hand: "disabled"}


def test_a_disabled_endpoint_is_enabled_again_instead_of_one_whose_secret_may_be_unknown(
    tenant: Brand,
) -> None:
    set_up(tenant)
    [ours] = endpoints(tenant)
    by_hand = create_by_hand(tenant)
    call(tenant, "POST", f"/v1/webhook_endpoints/{ours['id']}", data={"disabled": "true"})

    [found] = [each for each in diagnose(tenant) if each.subject == "webhook endpoint"]
    assert (found.level, found.message) == (Level.FAULT, f"{ours['id']} is disabled: nothing is delivered.")

    set_up(tenant)

    states = {each["id"]: each["status"] for each in endpoints(tenant)}
    assert states == {ours["id"]: "enabled", by_hand: "disabled"}
    [found] = [each for each in diagnose(tenant) if each.subject == "webhook endpoint"]
    assert found.level is Level.OK


def test_an_endpoint_of_another_api_version_is_not_replaced_by_one_whose_secret_may_be_unknown(
    tenant: Brand,
) -> None:
    with atomic(tenant.id):
        [fingerprint] = stripe_accounts.list_webhook_fingerprints(tenant.id)
    old = create_by_hand(
        tenant,
        api_version="2024-06-20",
        **{"metadata[lumiraTenant]": tenant.slug, "metadata[lumiraSecret]": short(fingerprint)},
    )
    by_hand = create_by_hand(tenant)

    set_up(tenant)

    new, *replaced = endpoints(tenant)
    assert (new["status"], new["metadata"]["lumiraTenant"]) == ("enabled", tenant.slug)
    assert {each["id"]: each["status"] for each in replaced} == {old: "disabled", by_hand: "disabled"}


def test_endpoints_of_others_are_not_touched(tenant: Brand) -> None:
    other = create_by_hand(tenant, url="https://crm.example.com/hooks")
    set_up(tenant)
    assert next(each for each in endpoints(tenant) if each["id"] == other)["status"] == "enabled"


def test_public_domains_are_registered_for_payment_methods(tenant: Brand) -> None:
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [tenant.domain, f"{tenant.slug}.localhost"])

    first, second = set_up(tenant), set_up(tenant)

    listed = call(tenant, "GET", "/v1/payment_method_domains")["data"]
    assert {each["domain_name"] for each in listed} == {"pay.lumira.app", tenant.domain}
    assert sum("was registered" in line for line in first.done) == 2
    assert [line for line in second.done if "domain" in line] == []
    # Apple cannot reach a domain that is reserved for examples.
    assert first.warnings == [
        f"Apple Pay is not active on {tenant.domain}: The domain {tenant.domain} cannot be reached."
    ]


def test_a_disabled_domain_is_enabled_again(tenant: Brand) -> None:
    set_up(tenant)
    [domain] = call(tenant, "GET", "/v1/payment_method_domains", params={"domain_name": "pay.lumira.app"})[
        "data"
    ]
    call(tenant, "POST", f"/v1/payment_method_domains/{domain['id']}", data={"enabled": "false"})
    assert "The domain pay.lumira.app was enabled for payment methods." in set_up(tenant).done


def test_without_any_address_nothing_is_created(make_brand: Callable[..., Brand]) -> None:
    tenant = make_brand()
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [])
    with pytest.raises(InvalidRequest, match="PUBLIC_URL"):
        set_up_webhooks(tenant.id, public_url=None, events=EVENTS, actor="test")
    assert endpoints(tenant) == []


def test_a_connect_account_has_no_endpoint_of_its_own(make_brand: Callable[..., Brand]) -> None:
    tenant = make_brand(stripe_account="acct_connected")
    with pytest.raises(InvalidRequest, match="Connect"):
        set_up(tenant)


def test_a_key_without_the_permission_says_which_one(tenant: Brand) -> None:
    sent = {"permissions": ["payment_intents:write"]}
    restricted = call(tenant, "POST", "/sandbox/keys", json=sent)["key"]
    with atomic(tenant.id):
        stripe_accounts.set_keys(tenants.lock(tenant.id), secret_key=restricted)
    with pytest.raises(StripePermissionMissing, match="webhook"):
        set_up(tenant)

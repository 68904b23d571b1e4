"""``/v1/payment_method_domains``: registered once each, strict about names, enabled and validated as at Stripe."""

import pytest
import stripe


@pytest.fixture
def domain(api):
    return api.payment_method_domains.create({"domain_name": "pay.lumira.app"})


def test_a_domain_is_registered_once(api, domain):
    again = api.payment_method_domains.create({"domain_name": "Pay.Lumira.app"})
    assert again.id == domain.id
    assert domain.id.startswith("pmd_1")
    assert (domain.enabled, domain.apple_pay.status) == (True, "active")
    assert [each.id for each in api.payment_method_domains.list().data] == [domain.id]


def test_domains_are_found_by_name_and_state(api, domain):
    other = api.payment_method_domains.create({"domain_name": "shop.lumira.app", "enabled": False})
    found = api.payment_method_domains.list({"domain_name": "shop.lumira.app"}).data
    assert [each.id for each in found] == [other.id]
    assert [each.id for each in api.payment_method_domains.list({"enabled": True}).data] == [domain.id]


def test_a_domain_is_disabled_and_enabled_again(api, domain):
    assert api.payment_method_domains.update(domain.id, {"enabled": False}).enabled is False
    assert api.payment_method_domains.retrieve(domain.id).enabled is False
    assert api.payment_method_domains.update(domain.id, {"enabled": True}).enabled is True


def test_a_domain_that_apple_cannot_reach_says_why(api):
    unreachable = api.payment_method_domains.create({"domain_name": "shop.example"})
    assert unreachable.apple_pay.status == "inactive"
    assert "cannot be reached" in unreachable.apple_pay.status_details.error_message
    assert unreachable.google_pay.status == "active"
    assert api.payment_method_domains.validate(unreachable.id).apple_pay.status == "inactive"


@pytest.mark.parametrize(
    "host",
    [
        "https://pay.lumira.app",
        "pay.lumira.app/",
        "pay.lumira.app:8000",
        "127.0.0.1",
        "localhost",
        "*.lumira.app",
        "",
    ],
)
def test_a_name_that_is_no_public_host_is_refused(api, host):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.payment_method_domains.create({"domain_name": host})
    assert refused.value.param == "domain_name"


def test_an_unknown_domain_is_not_found(api):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        api.payment_method_domains.retrieve("pmd_1unknown")
    assert refused.value.http_status == 404

"""Owners see the settings of their shop, and rotate its webhook secrets, which are never shown."""

import json
import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import AuditEntry, Role
from lumira.repositories.tenants import stripe_accounts
from lumira.webhooks import inbox
from tests.support import seller
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand
from tests.support.stripe_events import encode, event, signature

pytestmark = pytest.mark.usefixtures("app_context")

NEW = "whsec_" + "n" * 32


def path(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/settings"


def secrets(brand: Brand) -> set[str]:
    with atomic(brand.id):
        return set(stripe_accounts.list_webhook_secrets(brand.id))


def removals(page: str) -> list[str]:
    return re.findall(r'action="([^"]+/remove)"', page)


def test_the_brand_is_shown_with_its_contrast_and_legal_lines(app, make_brand) -> None:
    brand = make_brand(seller=seller.EXEMPT, brand_color="#D4AF37", brand_background="#0F0B19")
    page = sign_in(app, make_operator(brand)).get(path(brand)).text
    assert 'fill="#D4AF37"' in page
    assert "Too low for a title" not in page
    assert str(seller.EXEMPT["legal_name"]) in page
    assert brand.domain in page


def test_a_colour_that_cannot_be_read_on_its_background_is_named(app, make_brand) -> None:
    brand = make_brand(brand_color="#D4AF37", brand_background="#D0A830")
    assert "Too low for a title" in sign_in(app, make_operator(brand)).get(path(brand)).text


def test_a_secret_is_rotated_without_a_time_in_which_none_counts(browser, tenant) -> None:
    assert browser.submit(f"{path(tenant)}/webhook-secrets", secret=NEW).status_code == 303
    assert secrets(tenant) == {tenant.webhook_secret, NEW}
    page = browser.get(path(tenant)).text
    assert NEW not in page
    assert tenant.webhook_secret not in page
    first, second = removals(page)
    browser.submit(first)
    assert secrets(tenant) == {NEW}
    browser.submit(second)
    assert "Without a secret no webhook would be accepted" in browser.get(path(tenant)).text
    assert secrets(tenant) == {NEW}
    with atomic(tenant.id):
        query = select(AuditEntry).where(AuditEntry.action == "stripe_credentials_set")
        entries = list(db.session.execute(query).scalars())
    assert {entry.actor for entry in entries} == {browser.operator.actor}
    assert NEW not in json.dumps([entry.details for entry in entries])


def test_an_event_of_either_secret_is_accepted_until_one_is_removed(browser, tenant, client) -> None:
    browser.submit(f"{path(tenant)}/webhook-secrets", secret=NEW)
    assert [_send(client, tenant, secret) for secret in (tenant.webhook_secret, NEW)] == [200, 200]
    browser.submit(removals(browser.get(path(tenant)).text)[0])
    # A process knows the secrets for some seconds.
    inbox._secrets.clear()
    assert [_send(client, tenant, secret) for secret in (tenant.webhook_secret, NEW)] == [400, 200]


def _send(client: FlaskClient, brand: Brand, secret: str) -> int:
    body = encode(event("customer.updated", {"id": "cus_x", "object": "customer"}))
    headers = {"Stripe-Signature": signature(body, secret)}
    return client.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=headers).status_code


@pytest.mark.parametrize("secret", ["", "sk_test_x", "whsec_", "whsec_a\x00b", "x" * 10_000])
def test_what_is_no_webhook_secret_is_refused(browser, tenant, secret) -> None:
    browser.submit(f"{path(tenant)}/webhook-secrets", secret=secret)
    assert "begins with whsec_" in browser.get(path(tenant)).text
    assert secrets(tenant) == {tenant.webhook_secret}


def test_secrets_ask_for_password_and_code_once_more(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    [removal] = removals(browser.get(path(tenant)).text)
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        for action in (f"{path(tenant)}/webhook-secrets", removal):
            reply = browser.submit(action, page=path(tenant), secret=NEW)
            assert reply.headers["Location"].startswith("/dashboard/-/confirm?next=")
    assert secrets(tenant) == {tenant.webhook_secret}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_only_owners_see_the_settings(app, tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    assert browser.get(path(tenant)).status_code == 403
    assert browser.submit(f"{path(tenant)}/webhook-secrets", secret=NEW).status_code == 403


def test_a_secret_of_another_shop_is_not_removed(browser, app, tenant, other_tenant) -> None:
    theirs = sign_in(app, make_operator(other_tenant))
    [removal] = removals(theirs.get(path(other_tenant)).text)
    browser.submit(f"{path(tenant)}/webhook-secrets", secret=NEW)
    assert browser.submit(removal.replace(other_tenant.slug, tenant.slug)).status_code == 404
    assert browser.submit(removal).status_code == 404
    assert secrets(other_tenant) == {other_tenant.webhook_secret}

"""Owners create API keys, which are shown once, and revoke them; each is audited with its operator."""

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select
from werkzeug.test import TestResponse

from lumira.database import atomic, db
from lumira.models import AuditEntry, KeyKind
from lumira.repositories.tenants import api_keys
from tests.support.dashboard import Operator, OperatorBrowser, make_operator, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    return make_operator(tenant)


@pytest.fixture
def browser(app, owner) -> OperatorBrowser:
    return sign_in(app, owner)


def kind_of(key: str) -> KeyKind | None:
    with atomic(None):
        address = api_keys.find_address(key)
    assert address is not None
    with atomic(address.tenant_id):
        return api_keys.find_kind(address, key)


def create(browser: OperatorBrowser, brand: Brand, kind: str) -> TestResponse:
    """Open the page and send its form."""
    page = f"/dashboard/{brand.slug}/keys"
    found = re.search(r'name="form_key" value="([^"]+)"', browser.get(page).text)
    return browser.submit(page, page=page, kind=kind, form_key=found[1] if found else "")


def entries(brand: Brand, action: str) -> list[AuditEntry]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry).where(AuditEntry.action == action)).scalars())


@pytest.mark.parametrize("kind", list(KeyKind))
def test_a_new_key_is_shown_once_and_works(browser, tenant, owner, kind) -> None:
    reply = create(browser, tenant, kind)
    [key] = re.findall(r"lum_[ps]k_[0-9a-zA-Z_-]{59}", reply.text)
    assert kind_of(key) is kind
    page = browser.get(f"/dashboard/{tenant.slug}/keys").text
    assert key[7:23] in page
    assert key[23:] not in page
    [entry] = entries(tenant, "api_key_created")
    assert (entry.actor, entry.subject) == (owner.actor, f"api_key:{key[7:23]}")


def test_a_form_that_is_sent_again_creates_no_other_key(browser, tenant) -> None:
    page = f"/dashboard/{tenant.slug}/keys"
    first = browser.submit(page, page=page, kind="secret", form_key="a-form")
    [digits] = re.findall(r"<code[^>]*>lum_sk_([0-9a-zA-Z_-]{16})", first.text)

    again = browser.submit(page, page=page, kind="secret", form_key="a-form")

    assert (again.status_code, again.headers["Location"]) == (303, page)
    assert f"This form has created the key {digits} already" in browser.get(page).text
    other = browser.submit(page, page=page, kind="publishable", form_key="a-form")
    assert other.status_code == 422
    assert len(entries(tenant, "api_key_created")) == 1
    assert create(browser, tenant, "secret").status_code == 200
    assert len(entries(tenant, "api_key_created")) == 2


def test_a_form_without_its_key_creates_nothing(browser, tenant) -> None:
    assert browser.submit(f"/dashboard/{tenant.slug}/keys", kind="secret").status_code == 303
    assert entries(tenant, "api_key_created") == []


def test_a_revoked_key_no_longer_works(browser, tenant, owner) -> None:
    path = f"/dashboard/{tenant.slug}/keys/{tenant.secret_key[7:23]}/revoke"
    reply = browser.submit(path)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/dashboard/{tenant.slug}/keys")
    assert "The key was revoked." in browser.get(f"/dashboard/{tenant.slug}/keys").text
    assert kind_of(tenant.secret_key) is None
    assert entries(tenant, "api_key_revoked")[0].actor == owner.actor


def test_a_replaced_key_works_for_the_chosen_time_beside_the_new_one(browser, tenant, owner) -> None:
    page, digits = f"/dashboard/{tenant.slug}/keys", tenant.secret_key[7:23]
    reply = browser.submit(f"{page}/{digits}/rotate", page=page, overlap="24")
    [key] = re.findall(r"lum_sk_[0-9a-zA-Z_-]{59}", reply.text)
    assert (kind_of(key), kind_of(tenant.secret_key)) == (KeyKind.SECRET, KeyKind.SECRET)
    assert "replaced, works until" in browser.get(page).text
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=25)):
        assert (kind_of(key), kind_of(tenant.secret_key)) == (KeyKind.SECRET, None)
    [entry] = entries(tenant, "api_key_rotated")
    assert (entry.actor, entry.subject) == (owner.actor, f"api_key:{digits}")


def test_a_form_of_a_replacement_that_is_sent_again_creates_no_other_key(browser, tenant) -> None:
    page, path = (
        f"/dashboard/{tenant.slug}/keys",
        f"/dashboard/{tenant.slug}/keys/{tenant.secret_key[7:23]}/rotate",
    )
    [new] = re.findall(r"lum_sk_([0-9a-f]{16})", browser.submit(path, page=page, overlap="1").text)
    assert browser.submit(path, page=page, overlap="1").headers["Location"] == page
    assert f"replaced by the key {new} already" in browser.get(page).text
    assert browser.get(path).headers["Location"] == page
    assert len(entries(tenant, "api_key_rotated")) == 1


def test_a_key_is_not_replaced_for_an_unknown_time(browser, tenant) -> None:
    page = f"/dashboard/{tenant.slug}/keys"
    browser.submit(f"{page}/{tenant.secret_key[7:23]}/rotate", page=page, overlap="100000")
    assert entries(tenant, "api_key_rotated") == []


def test_a_key_of_another_shop_is_neither_shown_nor_revoked(browser, tenant, other_tenant) -> None:
    digits = other_tenant.secret_key[7:23]
    assert digits not in browser.get(f"/dashboard/{tenant.slug}/keys").text
    for action in ("revoke", "rotate"):
        reply = browser.submit(f"/dashboard/{tenant.slug}/keys/{digits}/{action}", overlap="1")
        assert reply.status_code == 404
    assert kind_of(other_tenant.secret_key) is KeyKind.SECRET


def test_an_impossible_name_of_a_key_is_not_found(browser, tenant) -> None:
    assert browser.submit(f"/dashboard/{tenant.slug}/keys/%00/revoke").status_code == 404


def test_keys_ask_for_password_and_code_after_ten_minutes(app, tenant) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        browser = sign_in(app, make_operator(tenant))
        clock.shift(timedelta(minutes=10))
        page = f"/dashboard/{tenant.slug}/keys"
        key = f"{page}/{tenant.secret_key[7:23]}"
        for path in (page, f"{key}/revoke", f"{key}/rotate"):
            reply = browser.submit(path, page=page, kind="secret")
            assert reply.headers["Location"].startswith("/dashboard/-/confirm?next="), path
    assert kind_of(tenant.secret_key) is KeyKind.SECRET
    assert entries(tenant, "api_key_created") == []


def test_an_unknown_kind_creates_no_key(browser, tenant) -> None:
    assert create(browser, tenant, "master").status_code == 303
    assert entries(tenant, "api_key_created") == []

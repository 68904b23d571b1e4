"""Who is let in, and as whom."""

from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from lumira.database import atomic
from lumira.models import ApiKey, KeyKind
from lumira.repositories import api_keys
from tests.support.factories import Brand

PUBLISHABLE = ["/api/stripe/config", "/api/stripe/levels", "/api/products", "/api/payments/pi_x"]
SECRET = ["/api/orders", "/api/orders/pi_x", "/api/access?customerEmail=a@example.com"]


def refused(reply: Any, status: int, code: str) -> None:
    assert (reply.status_code, reply.json["code"]) == (status, code)


@pytest.mark.parametrize("path", PUBLISHABLE + SECRET)
def test_nobody_is_let_in(client: FlaskClient, path: str) -> None:
    reply = client.get(path)
    refused(reply, 401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PUBLISHABLE)
def test_secret_key_does_what_a_publishable_one_does(client: FlaskClient, tenant: Brand, path: str) -> None:
    shown, secret = (client.get(path, headers=headers) for headers in (tenant.publishable, tenant.secret))
    assert shown.status_code in (200, 404)
    assert secret.status_code == shown.status_code
    assert secret.json.get("code") == shown.json.get("code")
    if shown.status_code == 200:
        assert secret.json == shown.json


@pytest.mark.parametrize("path", SECRET)
def test_publishable_key_and_own_page_read_no_personal_data(
    client: FlaskClient, tenant: Brand, path: str
) -> None:
    for headers in (tenant.publishable, {"Host": tenant.domain}):
        refused(client.get(path, headers=headers), 403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["{}", "{}:8443", "{}.", "{}.:443"])
def test_own_page_needs_no_key(client: FlaskClient, tenant: Brand, host: str) -> None:
    for spelling in (tenant.domain, tenant.domain.upper()):
        reply = client.get("/api/stripe/config", headers={"Host": host.format(spelling)})
        assert reply.json["publishableKey"] == tenant.stripe_publishable_key


@pytest.mark.parametrize(
    "host", ["example.org", "", "a" * 300, "[::1]", "a_b", "x@y", "é.example", "a b", "\x00"]
)
def test_host_that_is_nobodys_is_refused_and_harms_nothing(client: FlaskClient, host: str) -> None:
    reply = client.get("/api/stripe/config", headers={"Host": host})
    assert reply.status_code in (400, 401)
    assert reply.is_json


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer lum_sk_0123456789abcdef" + "A" * 43,
        "Basic dXNlcjpwdw==",
        "Token {publishable}",
        "{publishable}",
        "Bearer {publishable}x",
        "Bearer {publishable}, Bearer {publishable}",
        "Bearer \xff\xfe",
    ],
)
def test_wrong_key_is_refused_even_on_the_tenants_own_page(
    client: FlaskClient, tenant: Brand, authorization: str
) -> None:
    shown = authorization.format(publishable=tenant.publishable_key)
    reply = client.get("/api/products", headers={"Host": tenant.domain, "Authorization": shown})
    refused(reply, 401, "UNAUTHORIZED")
    assert "WWW-Authenticate" in reply.headers


def test_key_with_one_character_changed_is_another(client: FlaskClient, tenant: Brand) -> None:
    key = tenant.secret_key
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key.replace("lum_sk_", "lum_pk_")):
        reply = client.get("/api/products", headers={"Authorization": f"Bearer {wrong}"})
        refused(reply, 401, "UNAUTHORIZED")


def test_scheme_is_read_in_any_case(client: FlaskClient, tenant: Brand) -> None:
    headers = {"Authorization": f"bEARER {tenant.publishable_key}"}
    assert client.get("/api/products", headers=headers).status_code == 200


def test_key_of_one_tenant_on_the_page_of_another_acts_for_its_own(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    reply = client.get("/api/stripe/config", headers={**tenant.publishable, "Host": other_tenant.domain})
    assert reply.json["publishableKey"] == tenant.stripe_publishable_key


def test_revoked_key_is_refused(app: Flask, client: FlaskClient, tenant: Brand, app_context: None) -> None:
    with atomic(tenant.id) as session:
        key = api_keys.create(tenant.id, KeyKind.SECRET)
        for row in session.query(ApiKey).filter(ApiKey.digest == api_keys.digest(key)):
            row.revoked_at = row.created_at
    refused(client.get("/api/orders", headers={"Authorization": f"Bearer {key}"}), 401, "UNAUTHORIZED")


def test_caller_is_named_for_the_audit_log(client: FlaskClient, tenant: Brand) -> None:
    with client:
        client.get("/api/products", headers={"Host": tenant.domain})
        assert (g.caller.actor, g.caller.rights) == (f"host:{tenant.domain}", KeyKind.PUBLISHABLE)
        client.get("/api/products", headers=tenant.secret)
        assert (g.caller.actor, g.caller.rights) == (f"key:{g.caller.key_id}", KeyKind.SECRET)
        assert (g.tenant_id, g.caller.slug) == (tenant.id, tenant.slug)


def test_known_key_is_not_looked_up_again(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/api/products", headers=tenant.publishable)
    monkeypatch.setattr("lumira.repositories.api_keys.find_address", lambda _key: pytest.fail("asked again"))
    assert client.get("/api/products", headers=tenant.publishable).status_code == 200

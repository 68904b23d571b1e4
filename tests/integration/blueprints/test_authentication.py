"""Authentication: keys, domains and rights."""

from typing import Any

import pytest
from flask import Flask, g
from flask.testing import FlaskClient

from lumira import tenancy
from lumira.database import atomic
from lumira.models import ApiKey, KeyKind
from lumira.repositories.tenants import api_keys
from tests.support.factories import Brand

PUBLISHABLE = ["/api/stripe/config", "/api/stripe/levels", "/api/products", "/api/payments/pi_x"]
SECRET = ["/api/orders", "/api/orders/pi_x", "/api/access?customerEmail=a@example.com"]


def refused(reply: Any, status: int, code: str) -> None:
    assert (reply.status_code, reply.json["code"]) == (status, code)


@pytest.mark.parametrize("path", PUBLISHABLE + SECRET)
def test_a_request_without_a_valid_key_is_refused(client: FlaskClient, path: str) -> None:
    reply = client.get(path)
    refused(reply, 401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", PUBLISHABLE)
def test_a_secret_key_has_the_rights_of_a_publishable_one(
    client: FlaskClient, tenant: Brand, path: str
) -> None:
    shown, secret = (client.get(path, headers=headers) for headers in (tenant.publishable, tenant.secret))
    assert shown.status_code in (200, 404)
    assert secret.status_code == shown.status_code
    assert secret.json.get("code") == shown.json.get("code")
    if shown.status_code == 200:
        assert secret.json == shown.json


@pytest.mark.parametrize("path", SECRET)
def test_a_publishable_key_and_a_tenants_domain_read_no_personal_data(
    client: FlaskClient, tenant: Brand, path: str
) -> None:
    for headers in (tenant.publishable, {"Host": tenant.domain}):
        refused(client.get(path, headers=headers), 403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["{}", "{}:8443", "{}.", "{}.:443"])
def test_a_page_on_the_tenants_domain_needs_no_key(client: FlaskClient, tenant: Brand, host: str) -> None:
    for spelling in (tenant.domain, tenant.domain.upper()):
        reply = client.get("/api/stripe/config", headers={"Host": host.format(spelling)})
        assert reply.json["publishableKey"] == tenant.stripe_publishable_key


@pytest.mark.parametrize(
    "host", ["example.org", "", "a" * 300, "[::1]", "a_b", "x@y", "é.example", "a b", "\x00"]
)
def test_an_unknown_host_is_refused(client: FlaskClient, host: str) -> None:
    reply = client.get("/api/stripe/config", headers={"Host": host})
    assert reply.status_code in (400, 401)
    assert reply.is_json


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer lum_nonsense",
        "Bearer lum_sk_0123456789abcdef" + "A" * 43,
        "Token {publishable}",
        "{publishable}",
        "Bearer {publishable}x",
        "Bearer {publishable}, Bearer {publishable}",
        "Bearer lum_pk_\xff\xfe",
    ],
)
def test_a_wrong_key_is_refused_even_on_the_tenants_domain(
    client: FlaskClient, tenant: Brand, authorization: str
) -> None:
    shown = authorization.format(publishable=tenant.publishable_key)
    reply = client.get("/api/products", headers={"Host": tenant.domain, "Authorization": shown})
    refused(reply, 401, "UNAUTHORIZED")
    assert "WWW-Authenticate" in reply.headers


_FOREIGN_CREDENTIALS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJidXllciJ9.lum_c2lnbmF0dXJl",
    "Bearer 3f0alum_c2Vzc2lvbg",
    "Basic dXNlcjpwdw==",
    "Bearer \xff\xfe",
]


@pytest.mark.parametrize("authorization", _FOREIGN_CREDENTIALS)
def test_a_front_end_may_send_its_users_own_token_to_public_routes(
    client: FlaskClient, tenant: Brand, authorization: str
) -> None:
    headers = {"Host": tenant.domain, "Authorization": authorization}
    assert client.get("/api/products", headers=headers).status_code == 200
    order = {"productId": "mystique", "customerEmail": "buyer@example.com"}
    assert client.post("/api/payments/create-payment-intent", json=order, headers=headers).status_code == 200


@pytest.mark.parametrize("authorization", _FOREIGN_CREDENTIALS)
def test_a_users_own_token_opens_nothing_else(client: FlaskClient, tenant: Brand, authorization: str) -> None:
    headers = {"Authorization": authorization}
    for path in SECRET:
        refused(client.get(path, headers={**headers, "Host": tenant.domain}), 401, "UNAUTHORIZED")
    refused(client.get("/api/products", headers=headers), 401, "UNAUTHORIZED")


def test_a_users_own_token_is_no_key_for_rate_limits(client: FlaskClient, tenant: Brand) -> None:
    with client:
        client.get("/api/products", headers={"Host": tenant.domain, "Authorization": "Bearer eyJhbGciOi.x.y"})
        assert tenancy.sent_key_digest() is None


def test_a_key_with_one_character_changed_is_refused(client: FlaskClient, tenant: Brand) -> None:
    key = tenant.secret_key
    for wrong in (key[:-1] + ("A" if key[-1] != "A" else "B"), key.replace("lum_sk_", "lum_pk_")):
        reply = client.get("/api/products", headers={"Authorization": f"Bearer {wrong}"})
        refused(reply, 401, "UNAUTHORIZED")


def test_the_bearer_scheme_is_case_insensitive(client: FlaskClient, tenant: Brand) -> None:
    headers = {"Authorization": f"bEARER {tenant.publishable_key}"}
    assert client.get("/api/products", headers=headers).status_code == 200


def test_a_key_acts_for_its_own_tenant_on_every_domain(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    reply = client.get("/api/stripe/config", headers={**tenant.publishable, "Host": other_tenant.domain})
    assert reply.json["publishableKey"] == tenant.stripe_publishable_key


def test_a_revoked_key_is_refused(app: Flask, client: FlaskClient, tenant: Brand, app_context: None) -> None:
    with atomic(tenant.id) as session:
        key = api_keys.create(tenant.id, KeyKind.SECRET)
        for row in session.query(ApiKey).filter(ApiKey.digest == api_keys.digest(key)):
            row.revoked_at = row.created_at
    refused(client.get("/api/orders", headers={"Authorization": f"Bearer {key}"}), 401, "UNAUTHORIZED")


def test_the_caller_has_its_name_in_the_audit_log(client: FlaskClient, tenant: Brand) -> None:
    with client:
        client.get("/api/products", headers={"Host": tenant.domain})
        assert (g.caller.actor, g.caller.rights) == (f"host:{tenant.domain}", KeyKind.PUBLISHABLE)
        client.get("/api/products", headers=tenant.secret)
        assert (g.caller.actor, g.caller.rights) == (f"key:{g.caller.key_id}", KeyKind.SECRET)
        assert (g.tenant_id, g.caller.slug) == (tenant.id, tenant.slug)


def test_a_cached_key_is_not_queried_again(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/api/products", headers=tenant.publishable)
    monkeypatch.setattr(
        "lumira.repositories.tenants.api_keys.find_address", lambda _key: pytest.fail("queried again")
    )
    assert client.get("/api/products", headers=tenant.publishable).status_code == 200

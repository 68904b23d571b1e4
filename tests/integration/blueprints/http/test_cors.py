"""CORS: which pages may call the API from a browser."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.factories import Brand

REQUESTED = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
ALLOW = "Access-Control-Allow-Origin"


def test_a_preflight_request_of_a_tenants_page_succeeds_without_a_key(
    client: FlaskClient, tenant: Brand
) -> None:
    origin = f"https://{tenant.domain}"
    reply = client.options("/api/products/create-payment-intent", headers={"Origin": origin, **REQUESTED})
    assert (reply.status_code, reply.data) == (204, b"")
    assert reply.headers[ALLOW] == origin
    assert reply.headers["Access-Control-Allow-Methods"] == "GET, POST, DELETE"
    allowed = reply.headers["Access-Control-Allow-Headers"].split(", ")
    assert allowed == ["Authorization", "Content-Type", "Idempotency-Key", "X-Request-Id"]
    assert "Origin" in reply.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in reply.headers


@pytest.mark.parametrize(
    "origin",
    [
        "http://{}",
        "https://{}.evil.example",
        "https://evil-{}",
        "https://{}:8443",
        "https://{}/",
        "https://user@{}",
        "null",
        "*",
        "",
        "http://localhost:3000",
        "https://\x00",
    ],
)
def test_pages_of_other_origins_get_no_cors_headers(client: FlaskClient, tenant: Brand, origin: str) -> None:
    headers = {"Origin": origin.format(tenant.domain)}
    assert ALLOW not in client.options("/api/products", headers={**headers, **REQUESTED}).headers
    reply = client.get("/api/products", headers={**headers, **tenant.publishable})
    assert reply.status_code == 200
    assert ALLOW not in reply.headers
    assert "Origin" in reply.headers["Vary"]


def test_a_page_may_read_replies_of_its_own_tenant_only(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    own, foreign = (f"https://{brand.domain}" for brand in (tenant, other_tenant))
    reply = client.get("/api/products", headers={"Origin": own, **tenant.publishable})
    assert reply.headers[ALLOW] == own
    exposed = reply.headers["Access-Control-Expose-Headers"].split(", ")
    assert exposed == ["ETag", "Idempotency-Replayed", "Retry-After", "X-Request-Id"]
    assert ALLOW not in client.get("/api/products", headers={"Origin": foreign, **tenant.publishable}).headers
    # Without a key the host determines the tenant.
    assert client.get("/api/products", headers={"Origin": own, "Host": tenant.domain}).headers[ALLOW] == own
    crossed = client.get("/api/products", headers={"Origin": foreign, "Host": tenant.domain})
    assert ALLOW not in crossed.headers


def test_a_page_may_read_an_error_once_its_caller_is_authenticated(
    client: FlaskClient, tenant: Brand
) -> None:
    origin = {"Origin": f"https://{tenant.domain}"}
    refused = client.post(
        "/api/products/create-payment-intent", json={}, headers={**origin, **tenant.publishable}
    )
    assert (refused.status_code, ALLOW in refused.headers) == (400, True)
    unknown = client.get("/api/products", headers={**origin, "Authorization": "Bearer wrong"})
    assert (unknown.status_code, ALLOW in unknown.headers) == (401, False)


def test_a_local_page_may_call_in_development_only(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(environment="development")
    for origin in ("http://localhost", "http://localhost:5173", "http://127.0.0.1:8000"):
        assert (
            client.options("/api/products", headers={"Origin": origin, **REQUESTED}).headers[ALLOW] == origin
        )
        reply = client.get("/api/products", headers={"Origin": origin, **tenant.publishable})
        assert reply.headers[ALLOW] == origin
    for origin in ("http://localhost.evil.example", "http://evil.example", "http://localhost:x"):
        assert ALLOW not in client.options("/api/products", headers={"Origin": origin, **REQUESTED}).headers


def test_an_options_request_succeeds_without_a_key(client: FlaskClient) -> None:
    reply = client.options("/api/orders")
    assert (reply.status_code, set(reply.allow)) == (200, {"GET", "HEAD", "OPTIONS"})

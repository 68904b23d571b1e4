"""Every error has one envelope and reveals nothing internal."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from lumira import errors
from lumira.errors import stripe as stripe_errors
from tests.support.factories import Brand


@pytest.fixture(autouse=True)
def errors_are_documented() -> None:
    """The routes here are made to fail with errors that they never raise, so the check does not apply."""


FIELDS = ["error", "code", "message", "requestId"]


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/api", "/api/", "/api/nope", "//api/products", "/api/products/", "/%00"]
)
def test_an_unknown_url_is_not_found(client: FlaskClient, path: str) -> None:
    reply = client.get(path)
    assert (reply.status_code, reply.json["code"], reply.json["error"]) == (404, "NOT_FOUND", "Not Found")
    assert list(reply.json) == FIELDS
    assert reply.json["requestId"] == reply.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/products", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/api/products/create-payment-intent", {"POST", "OPTIONS"}),
        ("DELETE", "/api/orders/x", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
    ],
)
def test_a_wrong_method_returns_the_allowed_methods(
    client: FlaskClient, method: str, path: str, allowed: set[str]
) -> None:
    reply = client.open(path, method=method)
    assert (reply.status_code, reply.json["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(reply.headers["Allow"].split(", ")) == allowed


def failing_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_tenant_id: int) -> Any:
        raise error

    monkeypatch.setattr("lumira.blueprints.stripe.view_shop_config", fail)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            errors.IdempotencyInProgress("Still running.", retry_after=3),
            (409, "IDEMPOTENCY_IN_PROGRESS", "3"),
        ),
        (errors.IdempotencyMismatch("Other call."), (422, "IDEMPOTENCY_MISMATCH", None)),
        (
            stripe_errors.PaymentFailed("Refused.", stripe_code="x", event="y", code="z"),
            (500, "PAYMENT_FAILED", None),
        ),
        (stripe_errors.StripeConfigError("No key."), (502, "STRIPE_CONFIG_ERROR", None)),
        (stripe_errors.StripeUnavailable("No response.", retry_after=7), (503, "STRIPE_UNAVAILABLE", "7")),
        (stripe_errors.StripeUnavailable("No response."), (503, "STRIPE_UNAVAILABLE", "5")),
    ],
)
def test_an_error_of_a_use_case_keeps_its_status_code_and_message(
    client: FlaskClient,
    tenant: Brand,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    expected: tuple[int, str, str | None],
) -> None:
    failing_with(monkeypatch, error)
    reply = client.get("/api/stripe/config", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"], reply.headers.get("Retry-After")) == expected
    assert reply.json["message"] == str(error)


def test_an_unexpected_error_is_logged_and_not_shown(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing_with(monkeypatch, RuntimeError("sk_live_1234567890 of jane@example.com"))
    reply = client.get("/api/stripe/config", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (500, "INTERNAL_ERROR")
    assert "RuntimeError" not in reply.text
    assert "jane" not in reply.text
    logged = capsys.readouterr().err
    assert "Traceback" in logged
    assert "sk_live_[redacted] of j***@example.com" in logged
    assert reply.headers["X-Request-Id"] in logged


def test_the_log_has_the_route_and_never_the_query_string(
    client: FlaskClient, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/api/access?customerEmail=jane@example.com&productId=xyzzy", headers=tenant.secret)
    logged = capsys.readouterr().err
    assert '"route": "/api/access"' in logged
    assert f'"tenant": "{tenant.slug}"' in logged
    assert "xyzzy" not in logged
    assert "jane" not in logged
    assert tenant.secret_key not in logged


@pytest.mark.parametrize("sent", ["trace-1", "A.b_c-9", "x" * 128])
def test_a_valid_request_id_is_returned(client: FlaskClient, sent: str) -> None:
    assert client.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a;b", "é", "<script>"])
def test_an_invalid_request_id_is_replaced(client: FlaskClient, sent: str) -> None:
    given = client.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert given != sent
    assert len(given) == 32


def test_the_log_of_a_request_has_nothing_of_the_previous_one(
    app: Flask, client: FlaskClient, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/api/products", headers=tenant.publishable)
    capsys.readouterr()
    client.get("/nope")
    assert tenant.slug not in capsys.readouterr().err


def test_every_reply_has_strict_security_headers(client: FlaskClient, tenant: Brand) -> None:
    for path in ("/healthz", "/nope", "/api/products", "/api/orders"):
        headers = client.get(path, headers=tenant.publishable).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert "Strict-Transport-Security" not in headers
        assert headers["Content-Type"] == "application/json"
    assert client.get("/api/orders", headers=tenant.secret).headers["Cache-Control"] == "no-store"


def test_hsts_is_sent_over_https_only(client: FlaskClient) -> None:
    reply = client.get("/healthz", base_url="https://localhost")
    assert reply.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(("hops", "is_believed"), [(0, False), (1, True)])
def test_forwarded_headers_count_from_trusted_proxies_only(
    client_with: Callable[..., FlaskClient], tenant: Brand, hops: int, is_believed: bool
) -> None:
    client = client_with(trusted_proxies=hops)
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": tenant.domain,
        "X-Forwarded-For": "192.0.2.1",
    }
    reply = client.get("/api/products", headers=forwarded)
    assert (reply.status_code == 200) is is_believed
    assert ("Strict-Transport-Security" in reply.headers) is is_believed

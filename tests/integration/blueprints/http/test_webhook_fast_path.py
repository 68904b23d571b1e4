"""The fast path replies as the route does, and passes irregular deliveries on to the route."""

import io
import json
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from gunicorn.http.errors import ParseException
from sqlalchemy.exc import OperationalError

from lumira.errors.tenants import TenantNotFound
from lumira.models import WebhookEvent
from lumira.webhooks import inbox
from tests.support import stripe_events
from tests.support.factories import Brand, count

ADDRESS = "/api/webhooks/stripe"

pytestmark = pytest.mark.usefixtures("app_context")


def paid() -> bytes:
    return stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))


def deliver(client: FlaskClient, brand: Brand, path: str | None = None, **options: Any) -> Any:
    body = options.pop("data", None) or paid()
    signature = stripe_events.signature(body, brand.webhook_secret)
    headers = {"Stripe-Signature": signature, **options.pop("headers", {})}
    return client.post(path or f"{ADDRESS}/{brand.slug}", data=body, headers=headers, **options)


def disable_route(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumira.tenancy._load_receivers", lambda *_: pytest.fail("the route was taken"))
    monkeypatch.setattr(inbox, "receive", lambda *_, **__: pytest.fail("the route was taken"))


def disable_fast_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "row_if_cached", lambda *_, **__: pytest.fail("the shortcut was taken"))


@pytest.mark.parametrize("base_url", ["http://localhost", "https://localhost"])
@pytest.mark.parametrize("path", ["/api/stripe/webhook", "/api/products/webhook", ADDRESS])
@pytest.mark.parametrize("by_path", [True, False])
def test_the_fast_path_replies_and_logs_exactly_as_the_route(
    client: FlaskClient,
    tenant: Brand,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    path: str,
    by_path: bool,
    base_url: str,
) -> None:
    headers = {} if by_path else {"Host": tenant.domain}
    address = f"{path}/{tenant.slug}" if by_path else path
    capsys.readouterr()
    replies, lines = [], []
    for _ in ("by the route, which remembers the tenant", "by the shortcut"):
        replies.append(deliver(client, tenant, address, headers=headers, base_url=base_url))
        [line] = capsys.readouterr().err.splitlines()
        lines.append(json.loads(line))
        disable_route(monkeypatch)
    by_route, by_shortcut = replies
    assert (by_shortcut.status, by_shortcut.data) == (by_route.status, by_route.data)
    for reply, line in zip(replies, lines, strict=True):
        assert reply.headers.pop("X-Request-Id") == line.pop("request_id")
    assert sorted(by_shortcut.headers) == sorted(by_route.headers)
    for line in lines:
        for own in ("timestamp", "ms", "event_id"):
            assert line.pop(own)
    assert lines[0] == lines[1]
    assert count(tenant, WebhookEvent) == 2


def test_a_delivery_is_logged_in_one_line(
    client: FlaskClient, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    body = paid()
    for repeated in (False, True):
        capsys.readouterr()
        reply = deliver(client, tenant, data=body, headers={"X-Request-Id": "req-1"})
        [line] = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        assert reply.headers["X-Request-Id"] == "req-1"
        assert {
            "event": "request",
            "request_id": "req-1",
            "tenant": tenant.slug,
            "method": "POST",
            "route": f"{ADDRESS}/<tenant>",
            "status": 200,
            "event_id": json.loads(body)["id"],
            "event_type": "invoice.paid",
            "repeated": repeated,
        }.items() <= line.items()


def test_the_log_of_a_request_has_nothing_of_an_earlier_delivery(
    client: FlaskClient, tenant: Brand, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        deliver(client, tenant)
        capsys.readouterr()
        client.get("/nope")
        [line] = capsys.readouterr().err.splitlines()
        assert not {"event_id", "event_type", "tenant"} & json.loads(line).keys()


@pytest.mark.parametrize("sent", ["a b", "x" * 129, "é"])
def test_an_invalid_request_id_of_a_delivery_is_replaced(
    client: FlaskClient, tenant: Brand, sent: str
) -> None:
    deliver(client, tenant)
    given = deliver(client, tenant, headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert given != sent
    assert len(given) == 32


def test_the_forwarded_host_counts_from_trusted_proxies_only(
    client_with: Callable[..., FlaskClient], tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(trusted_proxies=1)
    forwarded = {"X-Forwarded-Host": tenant.domain, "X-Forwarded-Proto": "https"}
    assert deliver(client, tenant, ADDRESS, headers=forwarded).status_code == 200
    disable_route(monkeypatch)
    reply = deliver(client, tenant, ADDRESS, headers=forwarded)
    assert reply.status_code == 200
    assert "Strict-Transport-Security" in reply.headers


@pytest.mark.parametrize(
    "unusual",
    [
        {"headers": {"Origin": "https://shop.example"}},
        {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}},
        {"environ_overrides": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}},
        {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": "+1"}},
        {"environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": "1" * 5000}},
    ],
)
def test_an_irregular_delivery_goes_to_the_route(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch, unusual: dict[str, Any]
) -> None:
    deliver(client, tenant)
    disable_fast_path(monkeypatch)
    assert deliver(client, tenant, **unusual).status_code in (200, 400, 413)


def test_an_uncached_tenant_goes_to_the_route(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    disable_fast_path(monkeypatch)
    assert deliver(client, tenant).status_code == 200
    assert deliver(client, tenant, f"{ADDRESS}/unknown").json["code"] == TenantNotFound.code


def test_a_new_webhook_secret_works_at_once(client: FlaskClient, tenant: Brand) -> None:
    deliver(client, tenant)
    inbox._secrets[tenant.id] = ["whsec_of_another_day"]
    assert deliver(client, tenant).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": 1}', b"{", b'{"id": NaN}', b"\xff"])
def test_the_route_refuses_a_signed_body_that_is_not_an_event(
    client: FlaskClient, tenant: Brand, body: bytes
) -> None:
    deliver(client, tenant)
    reply = deliver(client, tenant, data=body)
    assert reply.status_code == 400
    assert list(reply.json) == ["error"]


def test_the_route_replies_if_the_fast_path_fails(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(client, tenant)
    for failure, status in ((OperationalError("", None, Exception()), 503), (ZeroDivisionError(), 500)):
        monkeypatch.setattr(inbox, "store_row", Mock(side_effect=[failure, failure]))
        reply = deliver(client, tenant)
        assert (reply.status_code, reply.json["requestId"]) == (status, reply.headers["X-Request-Id"])
    monkeypatch.setattr(inbox, "store_row", Mock(side_effect=[failure, True]))
    assert deliver(client, tenant).json == {"received": True}


@pytest.mark.parametrize("error", [OSError("reset"), ParseException("bad")])
def test_the_route_refuses_an_incomplete_body(app: Flask, tenant: Brand, error: Exception) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _buffer: Any) -> int:
            raise error

    client = app.test_client()
    deliver(client, tenant)
    environ = {"wsgi.input": Broken(), "CONTENT_LENGTH": "10", "wsgi.input_terminated": True}
    reply = client.post(f"{ADDRESS}/{tenant.slug}", environ_overrides=environ)
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_REQUEST")


def test_a_body_shorter_than_its_content_length_is_refused(client: FlaskClient, tenant: Brand) -> None:
    deliver(client, tenant)
    body = paid()
    reply = client.post(
        f"{ADDRESS}/{tenant.slug}",
        headers={"Stripe-Signature": stripe_events.signature(body, tenant.webhook_secret)},
        environ_overrides={"wsgi.input": io.BytesIO(body[:-9]), "CONTENT_LENGTH": str(len(body))},
    )
    assert reply.status_code == 400
    assert count(tenant, WebhookEvent) == 1

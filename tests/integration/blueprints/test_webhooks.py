"""Webhook endpoints: the tenant of an event, and the replies."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.models import WebhookEvent
from lumira.services.tenants.freeze_tenant import freeze_tenant
from tests.support import stripe_events
from tests.support.factories import Brand, count

ADDRESSES = ["/api/stripe/webhook", "/api/products/webhook", "/api/webhooks/stripe"]
UNSIGNED = {"error": "Webhook signature verification failed"}

pytestmark = pytest.mark.usefixtures("app_context")


def deliver(client: FlaskClient, brand: Brand, path: str, body: bytes | None = None, **headers: str) -> Any:
    content = (
        stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"})) if body is None else body
    )
    signature = stripe_events.signature(content, brand.webhook_secret)
    return client.post(path, data=content, headers={"Stripe-Signature": signature, **headers})


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_signed_event_is_stored_on_every_path(client: FlaskClient, tenant: Brand, address: str) -> None:
    by_path = deliver(client, tenant, f"{address}/{tenant.slug}")
    by_host = deliver(client, tenant, address, Host=tenant.domain)
    for reply in (by_path, by_host):
        assert (reply.status_code, reply.json) == (200, {"received": True})
    assert count(tenant, WebhookEvent) == 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_event_without_a_tenant_goes_to_the_default_tenant(
    client_with: Callable[..., FlaskClient], tenant: Brand, address: str
) -> None:
    client = client_with(default_tenant=tenant.slug)
    assert deliver(client, tenant, address).json == {"received": True}


@pytest.mark.parametrize("is_cached", [False, True])
def test_the_default_tenant_gets_its_events_at_a_host_that_another_tenant_has(
    client_with: Callable[..., FlaskClient], tenant: Brand, other_tenant: Brand, is_cached: bool
) -> None:
    client = client_with(default_tenant=tenant.slug)
    for _ in range(2 if is_cached else 1):
        assert deliver(client, tenant, ADDRESSES[0], Host=other_tenant.domain).status_code == 200
        assert deliver(client, other_tenant, ADDRESSES[0], Host=other_tenant.domain).status_code == 200
    assert (
        (count(tenant, WebhookEvent), count(other_tenant, WebhookEvent)) == (1, 1)
        if not is_cached
        else (2, 2)
    )
    # The path names one tenant, and the host of another one is not that of a third.
    assert deliver(client, tenant, f"{ADDRESSES[0]}/{other_tenant.slug}").status_code == 400
    assert deliver(client, other_tenant, ADDRESSES[0], Host=tenant.domain).status_code == 400


@pytest.mark.parametrize("is_cached", [False, True])
def test_a_frozen_default_tenant_refuses_no_event_of_another_one(
    client_with: Callable[..., FlaskClient], tenant: Brand, other_tenant: Brand, is_cached: bool
) -> None:
    client = client_with(default_tenant=tenant.slug)
    freeze_tenant(tenant.id, actor="test")
    for _ in range(2 if is_cached else 1):
        assert deliver(client, other_tenant, ADDRESSES[0], Host=other_tenant.domain).status_code == 200
        assert deliver(client, tenant, ADDRESSES[0], Host=other_tenant.domain).status_code == 503
    assert count(tenant, WebhookEvent) == 0


@pytest.mark.parametrize("slug", ["unknown", "%00", "a%00b", "x" * 300, "UPPER", "%ff", "-", "'--"])
def test_an_unknown_tenant_is_not_found(client: FlaskClient, tenant: Brand, slug: str) -> None:
    for address in ADDRESSES:
        reply = deliver(client, tenant, f"{address}/{slug}", Host=tenant.domain)
        assert (reply.status_code, reply.json["code"]) == (404, "NOT_FOUND")


def test_without_default_tenant_an_unknown_host_is_not_found(client: FlaskClient, tenant: Brand) -> None:
    assert deliver(client, tenant, ADDRESSES[0]).status_code == 404


def test_an_event_signed_for_another_tenant_is_rejected(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    reply = deliver(client, other_tenant, f"{ADDRESSES[0]}/{tenant.slug}")
    assert (reply.status_code, reply.json) == (400, UNSIGNED)
    assert count(tenant, WebhookEvent) == 0


@pytest.mark.parametrize("signature", [None, "", "t=1,v1=00", "nonsense", "t=\xff,v1=\xff"])
def test_an_unsigned_event_is_rejected_with_the_error_only(
    client: FlaskClient, tenant: Brand, signature: str | None
) -> None:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    reply = client.post(f"{ADDRESSES[0]}/{tenant.slug}", data=b"{}", headers=headers)
    assert (reply.status_code, reply.json) == (400, UNSIGNED)


def test_a_tenant_without_a_webhook_secret_rejects_events(
    client: FlaskClient, make_brand: Callable[..., Brand]
) -> None:
    brand = make_brand(stripe=False)
    reply = deliver(client, brand, f"{ADDRESSES[0]}/{brand.slug}")
    assert (reply.status_code, reply.json) == (400, {"error": "Webhook secret not configured"})


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""]
)
def test_the_body_is_read_as_bytes_whatever_its_content_type(
    client: FlaskClient, tenant: Brand, content_type: str
) -> None:
    reply = deliver(client, tenant, f"{ADDRESSES[0]}/{tenant.slug}", **{"Content-Type": content_type})
    assert reply.json == {"received": True}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_other_methods_get_a_405(client: FlaskClient, tenant: Brand, address: str, method: str) -> None:
    for path in (address, f"{address}/{tenant.slug}"):
        reply = client.open(path, method=method)
        assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")
        assert reply.mimetype == "application/json"


@pytest.mark.parametrize("announced", [True, False])
def test_an_event_over_1_mib_is_too_large(client: FlaskClient, tenant: Brand, announced: bool) -> None:
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    for size, status in ((1024 * 1024, 400), (1024 * 1024 + 1, 413)):
        reply = client.post(
            f"{ADDRESSES[0]}/{tenant.slug}",
            data=b"x" * size,
            environ_overrides={} if announced else chunked,
        )
        assert reply.status_code == status


def test_a_large_event_is_stored_without_a_content_length(client: FlaskClient, tenant: Brand) -> None:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1", "note": "x" * 500_000}))
    reply = client.post(
        f"{ADDRESSES[0]}/{tenant.slug}",
        data=body,
        headers={"Stripe-Signature": stripe_events.signature(body, tenant.webhook_secret)},
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert reply.json == {"received": True}


def test_a_cached_webhook_tenant_is_not_queried_again(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{ADDRESSES[0]}/{tenant.slug}"
    deliver(client, tenant, path)
    monkeypatch.setattr(
        "lumira.repositories.tenants.tenants.find_id", lambda _slug: pytest.fail("queried again")
    )
    assert deliver(client, tenant, path).status_code == 200

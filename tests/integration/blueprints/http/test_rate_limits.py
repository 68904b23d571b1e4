"""Rate limits by key, address and e-mail address."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from config.settings import RateLimits
from lumira import extensions
from tests.support.factories import Brand

MANY = "1000 per minute"


def limited(per_key: str = MANY, per_address: str = MANY, per_email: str = MANY) -> RateLimits:
    return RateLimits(enabled=True, per_key=per_key, per_address=per_address, per_email=per_email)


def statuses(send: Callable[[], Any], times: int = 4) -> list[int]:
    return [send().status_code for _ in range(times)]


def test_an_exceeded_limit_returns_retry_after(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_key="2 per minute"))
    assert statuses(lambda: client.get("/api/products", headers=tenant.publishable)) == [200, 200, 429, 429]
    reply = client.get("/api/stripe/levels", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"], reply.json["error"]) == (
        429,
        "RATE_LIMITED",
        "Too Many Requests",
    )
    assert 1 <= int(reply.headers["Retry-After"]) <= 60
    assert reply.json["requestId"] == reply.headers["X-Request-Id"]
    # Another key is another caller.
    assert client.get("/api/products", headers=tenant.secret).status_code == 200


def test_a_page_may_read_that_its_limit_is_exceeded(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_key="1 per minute"))
    headers = {**tenant.publishable, "Origin": f"https://{tenant.domain}"}
    assert statuses(lambda: client.get("/api/products", headers=headers), 2) == [200, 429]
    assert "Access-Control-Allow-Origin" in client.get("/api/products", headers=headers).headers


def test_one_address_is_limited_whatever_keys_it_sends(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_address="3 per minute"))
    guesses = iter(range(10))
    send = lambda: client.get("/api/products", headers={"Authorization": f"Bearer guess-{next(guesses)}"})  # noqa: E731
    assert statuses(send, 5) == [401, 401, 401, 429, 429]
    assert client.get("/api/products", headers={"Host": tenant.domain}).status_code == 429
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    reply = client.get("/api/products", headers={"Host": tenant.domain}, environ_base=elsewhere)
    assert reply.status_code == 200


def test_an_ipv6_network_counts_as_one_address(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_address="2 per minute"))

    def send(address: str) -> int:
        return client.get(
            "/api/products", headers={"Host": tenant.domain}, environ_base={"REMOTE_ADDR": address}
        ).status_code

    assert [send("2001:db8:1:2::1"), send("2001:db8:1:2::2"), send("2001:db8:1:2:ffff::3")] == [200, 200, 429]
    assert send("2001:db8:1:3::1") == 200


def test_one_caller_is_limited_however_the_proxy_writes_its_address(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_address="2 per minute"), trusted_proxies=1)

    def send(forwarded: str) -> int:
        headers = {"Host": tenant.domain, "X-Forwarded-For": forwarded}
        return client.get("/api/products", headers=headers).status_code

    assert [send("192.0.2.1:49152"), send("192.0.2.1:49153"), send("192.0.2.1:49154")] == [200, 200, 429]
    assert [send("192.0.2.1"), send("[::ffff:192.0.2.1]:443")] == [429, 429]
    assert send("192.0.2.2:49152") == 200


def test_a_proxy_that_is_not_trusted_is_logged_once(
    client_with: Callable[..., FlaskClient], tenant: Brand, capfd: pytest.CaptureFixture[str]
) -> None:
    client = client_with(rate_limits=limited())
    assert set(statuses(lambda: client.get("/api/products", headers={"Host": tenant.domain}))) == {200}
    assert "proxy_not_trusted" not in capfd.readouterr().err
    forwarded = {"Host": tenant.domain, "X-Forwarded-For": "192.0.2.1"}
    assert set(statuses(lambda: client.get("/api/products", headers=forwarded))) == {200}
    logged = capfd.readouterr().err
    assert logged.count("proxy_not_trusted") == 1
    assert "192.0.2.1" not in logged


def test_a_tenants_backend_is_not_limited_by_address(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_address="2 per minute"))
    assert set(statuses(lambda: client.get("/api/products", headers=tenant.secret), 6)) == {200}


def test_payments_for_one_email_address_are_limited(
    client_with: Callable[..., FlaskClient], tenant: Brand, other_tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_email="2 per hour"))

    def send(email: str | None, path: str = "products", brand: Brand = tenant) -> int:
        body = {"productId": "simple"} | ({"customerEmail": email} if email else {})
        return client.post(
            f"/api/{path}/create-payment-intent", json=body, headers=brand.publishable
        ).status_code

    assert [send("a@example.com"), send("A@Example.com", "payments"), send("a@EXAMPLE.com ")] == [
        200,
        200,
        429,
    ]
    assert send("b@example.com") == 200
    assert send("a@example.com", brand=other_tenant) == 200


def test_only_opened_payments_count_for_an_email_address(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_email="2 per hour"))

    def send(product: str, headers: dict[str, str]) -> int:
        body = {"productId": product, "customerEmail": "a@example.com"}
        return client.post("/api/products/create-payment-intent", json=body, headers=headers).status_code

    keyed = tenant.publishable | {"Idempotency-Key": "one-sale"}
    assert set(statuses_of(lambda: send("nothing", tenant.publishable), 4)) == {404}
    assert set(statuses_of(lambda: send("simple", keyed), 4)) == {200}
    assert [send("simple", tenant.publishable), send("simple", tenant.publishable)] == [200, 429]
    assert send("simple", tenant.secret) == 200


def statuses_of(send: Callable[[], int], times: int) -> list[int]:
    return [send() for _ in range(times)]


def test_rate_limits_store_no_address_and_no_key(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited())
    client.post(
        "/api/products/create-payment-intent",
        json={"productId": "simple", "customerEmail": "jane@example.com"},
        headers=tenant.publishable,
    )
    http = extensions.of(client.application)
    counts = [quota._in_process._uses for quota in (http.email_quota, http.mailboxes_quota)]
    assert all(counts)
    stored = f"{list(http.limiter.storage.storage)} {counts}"  # type: ignore[attr-defined]
    for personal in ("jane", "127.0.0.1", tenant.publishable_key):
        assert personal not in stored


def test_webhooks_probes_and_docs_are_never_limited(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_address="1 per hour", per_key="1 per hour"))
    for path in ("/healthz", "/readyz", "/api/openapi.json", "/api/docs"):
        assert set(statuses(lambda path=path: client.get(path))) == {200}  # type: ignore[misc]
    assert set(statuses(lambda: client.post(f"/api/stripe/webhook/{tenant.slug}"))) == {400}


def test_rate_limits_can_be_disabled(client: FlaskClient, tenant: Brand) -> None:
    assert set(statuses(lambda: client.get("/api/products", headers=tenant.publishable), 20)) == {200}


@pytest.mark.parametrize("per_key", [MANY, "2 per minute"])
def test_an_unreachable_redis_refuses_no_checkout_and_limits_still_apply(
    client_with: Callable[..., FlaskClient], tenant: Brand, per_key: str
) -> None:
    client = client_with(rate_limits=limited(per_key=per_key), redis_url="redis://127.0.0.1:1/0")
    expected = [200, 200, 200] if per_key == MANY else [200, 200, 429]
    assert statuses(lambda: client.get("/api/products", headers=tenant.publishable), 3) == expected


def test_one_network_cannot_exhaust_a_publishable_key_for_others(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    client = client_with(rate_limits=limited(per_key="2 per minute"))

    def send(address: str, headers: dict[str, str]) -> int:
        reply = client.get("/api/products", headers=headers, environ_base={"REMOTE_ADDR": address})
        return reply.status_code

    assert [send("192.0.2.1", tenant.publishable) for _ in range(3)] == [200, 200, 429]
    assert send("192.0.2.2", tenant.publishable) == 200
    # A secret key counts as one caller on every network.
    assert [send(f"192.0.2.{last}", tenant.secret) for last in (3, 4, 5)] == [200, 200, 429]

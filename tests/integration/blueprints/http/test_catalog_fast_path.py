"""The fast path sends the catalog as the routes do, and passes irregular requests on to them."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from config.settings import RateLimits
from lumira import single_statements
from lumira.blueprints.http import catalog_replies
from lumira.database import atomic
from lumira.models import Product
from lumira.repositories.tenants import tenants
from lumira.services.catalog import catalog_state
from tests.support.factories import Brand, open_payment

PRODUCTS, LEVELS = "/api/products", "/api/stripe/levels"

pytestmark = pytest.mark.usefixtures("app_context")


def change_price(brand: Brand, product_id: str, amount: int) -> None:
    with atomic(brand.id) as session:
        session.get_one(Product, (brand.id, product_id)).amount = amount
        tenants.lock(brand.id).catalog_version += 1


def forbid_flask(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "full_dispatch_request", lambda: pytest.fail("the route was taken"))


def forbid_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "lumira.repositories.catalog.products.list_products",
        lambda _tenant: pytest.fail("products were loaded"),
    )


def callers(brand: Brand) -> dict[str, dict[str, str]]:
    return {
        "publishable key": brand.publishable,
        "secret key": brand.secret,
        "domain": {"Host": brand.domain},
        "page": {**brand.publishable, "Origin": f"https://{brand.domain}"},
        "page elsewhere": {**brand.publishable, "Origin": "https://elsewhere.example"},
    }


@pytest.mark.parametrize("base_url", ["http://localhost", "https://localhost"])
@pytest.mark.parametrize("path", [PRODUCTS, LEVELS, f"{PRODUCTS}?page=1"])
@pytest.mark.parametrize("caller", ["publishable key", "secret key", "domain", "page", "page elsewhere"])
@pytest.mark.parametrize("is_known", [False, True])
def test_the_fast_path_replies_and_logs_exactly_as_the_route(
    app: Flask,
    client: FlaskClient,
    tenant: Brand,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    path: str,
    caller: str,
    base_url: str,
    is_known: bool,
) -> None:
    headers = callers(tenant)[caller]
    if is_known:
        headers |= {"If-None-Match": f'"other", W/{etag(client, tenant, path)}'}
    capsys.readouterr()
    replies, lines = [], []
    for _ in ("by the route, which keeps the caller and the reply", "by the fast path"):
        replies.append(client.get(path, headers=headers, base_url=base_url))
        [line] = capsys.readouterr().err.splitlines()
        lines.append(json.loads(line))
        forbid_flask(app, monkeypatch)
    by_route, by_fast_path = replies
    assert by_route.status_code == (304 if is_known else 200)
    assert (by_fast_path.status, by_fast_path.data) == (by_route.status, by_route.data)
    for reply, line in zip(replies, lines, strict=True):
        assert reply.headers.pop("X-Request-Id") == line.pop("request_id")
        # The web server adds it to a reply without one.
        reply.headers.pop("Date", None)
        for own in ("timestamp", "ms"):
            assert line.pop(own)
    assert sorted(by_fast_path.headers) == sorted(by_route.headers)
    assert lines[0] == lines[1]


def etag(client: FlaskClient, brand: Brand, path: str) -> str:
    # By another caller, so that the one under test is not cached yet.
    key = {"Host": brand.domain} if path == PRODUCTS else brand.secret
    return str(client.get(path, headers=key).headers["ETag"])


def test_the_next_request_shows_a_new_price(client: FlaskClient, tenant: Brand) -> None:
    def shown(headers: dict[str, str]) -> Any:
        return client.get(LEVELS, headers=headers).json

    first = [shown(tenant.publishable) for _ in range(3)][-1]
    known = {**tenant.publishable, "If-None-Match": etag(client, tenant, LEVELS)}
    assert client.get(LEVELS, headers=known).status_code == 304

    change_price(tenant, "intuitive", 1500)

    changed = shown(known)
    assert (first["levels"][1]["amount"], changed["levels"][1]["amount"]) == (1400, 1500)
    assert shown(tenant.publishable) == changed


def test_the_next_request_shows_the_units_that_are_left(client: FlaskClient, tenant: Brand) -> None:
    def in_stock() -> int:
        listed = client.get(PRODUCTS, headers=tenant.publishable).json["products"]
        return next(product["inStock"] for product in listed if product["id"] == "shirt")

    assert [in_stock() for _ in range(3)] == [100, 100, 100]
    for left in (97, 94):
        open_payment(tenant, "shirt", quantity=3)
        assert [in_stock() for _ in range(2)] == [left, left]


def test_each_tenant_gets_its_own_catalog(client: FlaskClient, tenant: Brand, other_tenant: Brand) -> None:
    change_price(tenant, "mystique", 1)
    change_price(other_tenant, "mystique", 2)
    for _ in range(3):
        for brand, amount in ((tenant, 1), (other_tenant, 2)):
            listed = client.get(PRODUCTS, headers=brand.publishable).json["products"]
            assert {product["amount"] for product in listed if product["id"] == "mystique"} == {amount}
            # An ETag of another tenant's reply is no proof of anything.
            theirs = client.get(PRODUCTS, headers=tenant.publishable).headers["ETag"]
            known = {**brand.publishable, "If-None-Match": theirs}
            assert client.get(PRODUCTS, headers=known).status_code == (304 if brand is tenant else 200)


def test_the_state_of_a_catalog_is_subject_to_row_level_security(tenant: Brand, other_tenant: Brand) -> None:
    with atomic(other_tenant.id) as session:
        hidden = session.connection().exec_driver_sql(
            "SELECT count(*) FROM stock_items WHERE tenant_id = %(tenant)s", {"tenant": tenant.id}
        )
        assert hidden.scalar() == 0
    assert catalog_state.read_state(tenant.id).units() == {"cap": 50, "shirt": 100}
    # The tenant was set for that statement alone.
    assert single_statements.read_alone("SELECT current_setting('lumira.tenant_id', true)") in ([b""], [None])


def test_a_caller_that_has_the_catalog_is_answered_without_its_products(
    app: Flask, client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {**tenant.publishable, "If-None-Match": etag(client, tenant, PRODUCTS)}
    client.get("/api/stripe/config", headers=tenant.publishable)
    # As in a process that has sent no catalog yet.
    catalog_replies.init_app(app)
    forbid_products(monkeypatch)
    forbid_flask(app, monkeypatch)
    assert client.get(PRODUCTS, headers=known).status_code == 304


def test_requests_on_the_fast_path_count_with_all_others(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    limits = RateLimits(enabled=True, per_key="6 per minute", per_address="1000 per minute")
    client = client_with(rate_limits=limits)
    paths = [PRODUCTS, PRODUCTS, "/api/stripe/config", LEVELS, LEVELS, PRODUCTS, PRODUCTS, LEVELS]
    replies = [client.get(path, headers=tenant.publishable).status_code for path in paths]
    assert replies == [200] * 6 + [429, 429]
    # Another key is another caller.
    assert client.get(PRODUCTS, headers=tenant.secret).status_code == 200


def test_pages_count_for_their_network_on_the_fast_path(
    client_with: Callable[..., FlaskClient], tenant: Brand
) -> None:
    limits = RateLimits(enabled=True, per_key="1000 per minute", per_address="3 per minute; 1000 per hour")
    client = client_with(rate_limits=limits)

    def statuses(headers: dict[str, str], address: str) -> list[int]:
        environ = {"REMOTE_ADDR": address}
        return [client.get(LEVELS, headers=headers, environ_base=environ).status_code for _ in range(5)]

    assert statuses({"Host": tenant.domain}, "192.0.2.7") == [200, 200, 200, 429, 429]
    assert statuses(tenant.publishable, "192.0.2.8") == [200, 200, 200, 429, 429]
    # The backend calls for all its buyers: only its first call, with a key that is not cached, counts for its address.
    assert statuses(tenant.secret, "192.0.2.9") == [200] * 5


@pytest.mark.parametrize(
    ("method", "sent", "environ", "status"),
    [
        ("HEAD", {}, {}, 200),
        ("POST", {}, {}, 405),
        ("GET", {"Authorization": "Basic lum_pk_"}, {}, 401),
        ("GET", {"Authorization": "Token {key}"}, {}, 401),
        ("GET", {"Authorization": "Bearer lum_pk_unknown"}, {}, 401),
        ("GET", {"Authorization": "Bearer of-the-pages-own-user"}, {}, 401),
        ("GET", {"X-Forwarded-For": "192.0.2.7"}, {}, 200),
        ("GET", {}, {"CONTENT_LENGTH": "3"}, 200),
    ],
)
def test_an_irregular_request_takes_the_route(
    client: FlaskClient,
    tenant: Brand,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    sent: dict[str, str],
    environ: dict[str, str],
    status: int,
) -> None:
    for _ in range(2):
        client.get(PRODUCTS, headers=tenant.publishable)
    monkeypatch.setattr(
        "lumira.blueprints.http.catalog_fast_path.read_state", lambda _tenant: pytest.fail("answered early")
    )
    filled = {name: value.format(key=tenant.publishable_key) for name, value in sent.items()}
    reply = client.open(
        PRODUCTS, method=method, headers={**tenant.publishable, **filled}, environ_overrides=environ
    )
    assert reply.status_code == status


def test_the_route_replies_if_the_fast_path_fails(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = [client.get(PRODUCTS, headers=tenant.publishable).json for _ in range(2)][-1]

    def lost(_tenant_id: int) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr("lumira.blueprints.http.catalog_fast_path.read_state", lost)
    capsys.readouterr()
    assert client.get(PRODUCTS, headers=tenant.publishable).json == expected
    failed, answered = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (failed["event"], failed["error"]) == ("catalog_fast_path_failed", "OperationalError")
    assert (answered["event"], answered["status"]) == ("request", 200)


def test_a_large_catalog_is_not_kept(app: Flask, tenant: Brand) -> None:
    replies = catalog_replies.CatalogReplies()
    replies.keep(tenant.id, PRODUCTS, "etag", b"x" * (16 * 1024 * 1024 + 1))
    assert replies.find(tenant.id, PRODUCTS, "etag") is None
    replies.keep(tenant.id, PRODUCTS, "etag", b"{}")
    assert replies.find(tenant.id, PRODUCTS, "etag") == b"{}"
    assert replies.find(tenant.id, PRODUCTS, "newer") is None
    assert replies.find(tenant.id + 1, PRODUCTS, "etag") is None

"""The catalog over HTTP."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from lumira.database import atomic
from lumira.models import Product
from lumira.repositories.tenants import tenants
from tests.support.factories import Brand, open_payment, set_stock


def change_catalog(brand: Brand, product_id: str, **values: object) -> None:
    with atomic(brand.id) as session:
        product = session.get_one(Product, (brand.id, product_id))
        for name, value in values.items():
            setattr(product, name, value)
        tenants.lock(brand.id).catalog_version += 1


def test_the_config_has_what_stripe_js_needs(client: FlaskClient, tenant: Brand) -> None:
    reply = client.get("/api/stripe/config", headers=tenant.publishable)
    assert reply.json == {"publishableKey": tenant.stripe_publishable_key, "currency": "eur"}


def test_a_tenant_without_stripe_keys_has_no_config(
    client: FlaskClient, make_brand: Callable[..., Brand]
) -> None:
    brand = make_brand(stripe=False)
    reply = client.get("/api/stripe/config", headers=brand.publishable)
    assert (reply.status_code, reply.json["code"]) == (502, "STRIPE_CONFIG_ERROR")


def test_levels_are_listed_by_number(client: FlaskClient, tenant: Brand) -> None:
    levels = client.get("/api/stripe/levels", headers=tenant.publishable).json["levels"]
    assert [level["level"] for level in levels] == [1, 2, 3, 4]
    assert levels[1] == {
        "level": 2,
        "id": "intuitive",
        "name": "Intuitive",
        "description": "Description: Intuitive",
        "amount": 1400,
        "currency": "eur",
    }


def test_products_are_listed_in_the_catalogs_order(client: FlaskClient, tenant: Brand) -> None:
    products = client.get("/api/products", headers=tenant.publishable).json["products"]
    assert [product["id"] for product in products][-4:] == ["mystique", "strict", "shirt", "cap"]
    assert products[1]["level"] == 2
    assert products[-2] == {
        "id": "shirt",
        "name": "Chemise",
        "description": "Description: Chemise",
        "amount": 5900,
        "currency": "eur",
        "kind": "physical",
        "level": None,
        "inStock": 100,
        "group": None,
        "options": None,
        "images": [],
    }


def test_one_product_is_shown(client: FlaskClient, tenant: Brand) -> None:
    product = client.get("/api/products/mystique", headers=tenant.publishable).json
    assert (product["id"], product["amount"], product["inStock"]) == ("mystique", 4700, None)


@pytest.mark.parametrize(
    "product_id", ["nope", "MYSTIQUE", "%00", "a%00b", "%F0%9F%99%82", "x" * 500, "%2e%2e", "%ff"]
)
def test_an_unknown_product_is_not_found(client: FlaskClient, tenant: Brand, product_id: str) -> None:
    reply = client.get(f"/api/products/{product_id}", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (404, "PRODUCT_NOT_FOUND")


def test_a_product_off_sale_is_not_found(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    assert client.get("/api/products/strict", headers=tenant.publishable).status_code == 200
    change_catalog(tenant, "strict", active=False)
    reply = client.get("/api/products/strict", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (404, "PRODUCT_NOT_FOUND")
    assert "strict" not in client.get("/api/products", headers=tenant.publishable).text


def test_an_unchanged_catalog_gets_a_304(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    first = client.get("/api/products", headers=tenant.publishable)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Host"} <= set(first.headers["Vary"].split(", "))
    headers = {**tenant.publishable, "If-None-Match": first.headers["ETag"]}

    again = client.get("/api/products", headers=headers)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert client.get("/api/products/mystique", headers=headers).status_code == 200

    change_catalog(tenant, "mystique", amount=4800)
    changed = client.get("/api/products", headers=headers)
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert client.get("/api/products/mystique", headers=headers).json["amount"] == 4800


def in_stock(client: FlaskClient, brand: Brand, product_id: str) -> int:
    listed = client.get("/api/products", headers=brand.publishable).json["products"]
    [shown] = [product for product in listed if product["id"] == product_id]
    assert client.get(f"/api/products/{product_id}", headers=brand.publishable).json == shown
    units: int = shown["inStock"]
    return units


@pytest.mark.usefixtures("app_context")
def test_physical_products_show_the_available_units(client: FlaskClient, tenant: Brand) -> None:
    assert in_stock(client, tenant, "shirt") == 100

    set_stock(tenant, "shirt", 8)
    assert in_stock(client, tenant, "shirt") == 8

    # Reserved for another buyer's open payment.
    open_payment(tenant, "shirt", quantity=3)
    assert in_stock(client, tenant, "shirt") == 5


def test_physical_products_without_a_count_cannot_be_bought(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    change_catalog(tenant, "mystique", kind="physical")

    assert in_stock(client, tenant, "mystique") == 0


@pytest.mark.usefixtures("app_context")
def test_a_change_of_stock_changes_the_etag(client: FlaskClient, tenant: Brand) -> None:
    shown = {
        path: client.get(f"/api/products{path}", headers=tenant.publishable).headers["ETag"]
        for path in ("", "/shirt", "/cap")
    }

    set_stock(tenant, "shirt", 8)

    assert {path: revalidate(client, tenant, path, tag) for path, tag in shown.items()} == {
        "": 200,
        "/shirt": 200,
        "/cap": 304,
    }


def revalidate(client: FlaskClient, brand: Brand, path: str, tag: str) -> int:
    headers = {**brand.publishable, "If-None-Match": tag}
    return client.get(f"/api/products{path}", headers=headers).status_code


def test_tenants_with_the_same_version_never_share_an_etag(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    tags = {
        client.get("/api/products", headers=brand.publishable).headers["ETag"]
        for brand in (tenant, other_tenant)
    }
    assert len(tags) == 2


def test_a_cached_catalog_is_not_queried_again(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/api/products", headers=tenant.publishable)
    monkeypatch.setattr(
        "lumira.repositories.catalog.products.list_products", lambda _tenant: pytest.fail("queried again")
    )
    assert len(client.get("/api/stripe/levels", headers=tenant.publishable).json["levels"]) == 4

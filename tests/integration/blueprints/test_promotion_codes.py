"""Promotion codes over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from config.settings import RateLimits
from tests.support.factories import Brand, load_order, make_promotion, uses

BUYER = {"customerEmail": "buyer@example.com"}
MANY = "1000 per minute"
LIMITS = RateLimits(enabled=True, per_key=MANY, per_address=MANY, per_email=MANY, per_address_emails=MANY)
OPENERS = {
    "/api/stripe/create-payment-intent": {"level": 2},
    "/api/products/create-payment-intent": {"productId": "mystique"},
    "/api/payments/create-payment-intent": {"productId": "mystique"},
}


def post(client: FlaskClient, brand: Brand, path: str, body: dict[str, Any]) -> Any:
    return client.post(path, json={**BUYER, **body}, headers=brand.publishable)


def cart(brand: Brand, **items: int) -> dict[str, Any]:
    return {
        "items": [{"productId": name, "quantity": quantity} for name, quantity in items.items()],
        "successUrl": f"https://{brand.domain}/thanks",
        "cancelUrl": f"https://{brand.domain}/cart",
    }


@pytest.mark.parametrize(("path", "item"), OPENERS.items())
def test_each_route_that_opens_a_payment_accepts_a_code(
    client: FlaskClient, tenant: Brand, app_context: None, path: str, item: dict[str, Any]
) -> None:
    code = make_promotion(tenant)
    whole = post(client, tenant, path, item).json["amount"]
    reply = post(client, tenant, path, {**item, "promotionCode": "welcome10"})
    assert reply.json["amount"] == whole * 9 // 10
    assert uses(tenant, code) == (1, 0)


def test_a_cart_accepts_a_code_and_its_order_shows_it(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    make_promotion(tenant, amount=1000)
    body = {**cart(tenant, shirt=1, cap=2), "promotionCode": "WELCOME10"}
    opened = post(client, tenant, "/api/payments/checkout-sessions", body).json
    assert opened["amount"] == 8700
    order = client.get(f"/api/orders/{opened['orderNumber']}", headers=tenant.secret).json
    assert order["promotion"] == {"code": "WELCOME10", "amount": 1000}
    assert [line["discount"] for line in order["lines"]] == [608, 392]


def test_an_order_without_a_code_has_no_promotion(client: FlaskClient, tenant: Brand) -> None:
    opened = post(client, tenant, "/api/products/create-payment-intent", {"productId": "mystique"}).json
    order = client.get(f"/api/orders/{opened['orderNumber']}", headers=tenant.secret).json
    assert order["promotion"] is None
    assert order["lines"][0]["discount"] == 0


@pytest.mark.parametrize("code", ["NOT-THIS", "", " ", "x" * 81, 7, "'; DROP TABLE orders; --", "É"])
def test_a_code_that_does_not_exist_has_one_error(client: FlaskClient, tenant: Brand, code: object) -> None:
    body = {"productId": "mystique", "promotionCode": code}
    reply = post(client, tenant, "/api/products/create-payment-intent", body)
    assert reply.status_code == 400
    assert reply.json["code"] == "INVALID_PROMOTION_CODE"
    assert list(reply.json["fields"]) == ["promotionCode"]


def test_codes_cannot_be_tried_by_the_thousand(client_with, tenant: Brand, app_context: None) -> None:
    client = client_with(rate_limits=LIMITS)
    make_promotion(tenant)
    body = {"productId": "mystique"}
    path = "/api/products/create-payment-intent"
    statuses = [
        post(client, tenant, path, {**body, "promotionCode": f"WRONG-{number}"}).status_code
        for number in range(22)
    ]
    assert statuses == [400] * 20 + [429] * 2
    # Not even the right one now, or the limit would say nothing; without a code the shop sells as before.
    assert post(client, tenant, path, {**body, "promotionCode": "WELCOME10"}).status_code == 429
    assert post(client, tenant, path, body).status_code == 200


def test_a_right_code_counts_for_no_limit(client_with, tenant: Brand, app_context: None) -> None:
    client = client_with(rate_limits=LIMITS)
    make_promotion(tenant)
    for number in range(22):
        body = {
            "productId": "mystique",
            "promotionCode": "WELCOME10",
            "customerEmail": f"b{number}@example.com",
        }
        reply = client.post("/api/products/create-payment-intent", json=body, headers=tenant.publishable)
        assert reply.status_code == 200


def test_no_route_lists_codes_for_a_publishable_key(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    make_promotion(tenant)
    order = post(
        client,
        tenant,
        "/api/products/create-payment-intent",
        {"productId": "mystique", "promotionCode": "WELCOME10"},
    ).json
    for path in ("/api/products", f"/api/payments/{order['paymentIntentId']}"):
        assert "WELCOME10" not in client.get(path, headers=tenant.publishable).text
    assert load_order(tenant, order["orderNumber"]).promotion_code == "WELCOME10"

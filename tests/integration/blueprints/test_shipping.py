"""Goods are sent: the address and the postage, by the API and on Stripe's page."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.database import atomic, db
from lumira.models import Order, OrderStatus, Product
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order
from tests.support.shipping import ZONES, shipping
from tests.support.stripe_sandbox import deliver_events

INTENTS = "/api/payments/create-payment-intent"
SESSIONS = "/api/payments/checkout-sessions"

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(
        shipping_zones=ZONES, seller={"legal_name": "Shop", "address": ["Paris"], "vat_rate": "20.00"}
    )


def post(client: FlaskClient, brand: Brand, path: str, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, json=body, headers={**brand.publishable, **named})


def cart(brand: Brand, **changes: Any) -> dict[str, Any]:
    return {
        "items": [{"productId": "cap", "quantity": 2}, {"productId": "mystique", "quantity": 1}],
        "customerEmail": "buyer@example.com",
        "successUrl": f"https://{brand.domain}/thanks",
        "cancelUrl": f"https://{brand.domain}/cart",
    } | changes


def test_a_payment_of_goods_has_its_postage_and_its_recipient(client: FlaskClient, shop: Brand) -> None:
    body = {
        "productId": "cap",
        "customerEmail": "buyer@example.com",
        "shipping": shipping(line1="Οδός Αθηνών 5"),
    }
    reply = post(client, shop, INTENTS, body)
    assert (reply.status_code, reply.json["amount"]) == (200, 1900 + 490)
    [intent] = stripe_sandbox.intents(shop)
    assert intent["amount"] == 2390
    assert intent["shipping"]["name"] == "Ana Martin"
    assert intent["shipping"]["address"]["line1"] == "Οδός Αθηνών 5"
    stripe_sandbox.pay(shop, intent["id"], intent["client_secret"])
    deliver_events(shop)
    order = load_order(shop, reply.json["orderNumber"])
    assert (order.status, order.shipping_amount, order.shipping_zone) == (
        OrderStatus.COMPLETED,
        490,
        "France",
    )
    whole = client.get(f"/api/orders/{order.order_number}", headers=shop.secret).json
    assert whole["shipping"]["address"]["city"] == "Paris"
    assert (whole["shipping"]["amount"], whole["shipping"]["vatRate"], whole["shipping"]["vatAmount"]) == (
        490,
        "20.00",
        82,
    )
    public = client.get(f"/api/payments/{intent['id']}", headers=shop.publishable).json
    assert "Ana" not in str(public)
    assert "shipping" not in public
    listed = client.get("/api/orders", headers=shop.secret).json
    assert "Lilas" not in str(listed)


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (None, "MISSING_ADDRESS", "shipping.address.country"),
        ({"address": {"country": "FR"}}, "MISSING_ADDRESS", "shipping"),
        ({"address": {}}, "INVALID_ADDRESS", "shipping"),
        ({"address": {"country": "ZZ"}}, "INVALID_ADDRESS", "shipping"),
        (shipping("US"), "COUNTRY_NOT_SERVED", "shipping.address.country"),
        (shipping(city=" "), "INVALID_ADDRESS", "shipping.address.city"),
        (shipping(line1="a\nb"), "INVALID_ADDRESS", "shipping"),
        (shipping("BE", phone=None), "INVALID_ADDRESS", "shipping.phone"),
        (shipping(phone="call me"), "INVALID_ADDRESS", "shipping"),
        (shipping(line1="4242 4242 4242 4242"), "INVALID_ADDRESS", "shipping"),
        (shipping(price=1), "INVALID_ADDRESS", "shipping"),
        ("Paris", "INVALID_ADDRESS", "shipping"),
    ],
)
def test_an_address_that_cannot_be_served_is_refused_before_anything_is_opened(
    client: FlaskClient, shop: Brand, sent: Any, code: str, field: str
) -> None:
    body = {"productId": "cap", "customerEmail": "buyer@example.com"} | (
        {} if sent is None else {"shipping": sent}
    )
    reply = post(client, shop, INTENTS, body)
    assert (reply.status_code, reply.json["code"], list(reply.json["fields"])) == (400, code, [field])
    assert count(shop, Order) == 0
    assert figures(shop, "cap") == (50, 0, 0)


def test_stripes_page_asks_for_the_address_in_the_zone_whose_postage_is_paid(
    client: FlaskClient, shop: Brand
) -> None:
    body = cart(shop, shipping={"address": {"country": "BE"}})
    reply = post(client, shop, SESSIONS, body)
    assert reply.json["amount"] == 2 * 1900 + 4700 + 1290
    [session] = stripe_sandbox.checkout_sessions(shop)
    assert session["amount_total"] == reply.json["amount"]
    assert session["shipping_address_collection"] == {"allowed_countries": ["BE", "DE", "GR"]}
    assert session["phone_number_collection"] == {"enabled": True}
    entered = {
        "name": "Jean Peeters",
        "line1": "Grote Markt 1",
        "postal_code": "2000",
        "city": "Antwerpen",
        "country": "BE",
        "phone": "+32 3 123 45 67",
    }
    stripe_sandbox.call(
        shop, "POST", f"/sandbox/checkout/sessions/{session['id']}/pay", json={"shipping": entered}
    )
    deliver_events(shop)
    order = load_order(shop, reply.json["orderNumber"])
    assert order.status is OrderStatus.COMPLETED
    assert order.shipping_address == entered


def test_an_address_that_is_known_is_not_asked_again(client: FlaskClient, shop: Brand) -> None:
    post(client, shop, SESSIONS, cart(shop, shipping=shipping()))
    [session] = stripe_sandbox.checkout_sessions(shop)
    assert session["shipping_address_collection"] is None
    stripe_sandbox.pay_session(shop, session["id"])
    [intent] = stripe_sandbox.intents(shop)
    assert intent["shipping"]["address"]["city"] == "Paris"


def test_several_zones_need_a_country_before_the_page_is_opened(client: FlaskClient, shop: Brand) -> None:
    reply = post(client, shop, SESSIONS, cart(shop))
    assert (reply.status_code, reply.json["code"]) == (400, "MISSING_ADDRESS")


def test_one_zone_needs_no_country(client: FlaskClient, make_brand) -> None:
    shop = make_brand(shipping_zones=ZONES[:1])
    reply = post(client, shop, SESSIONS, cart(shop))
    assert reply.json["amount"] == 2 * 1900 + 4700 + 490
    [session] = stripe_sandbox.checkout_sessions(shop)
    assert session["shipping_address_collection"] == {"allowed_countries": ["FR", "MC"]}
    stripe_sandbox.pay_session(shop, session["id"])
    # The payment is reported before the session, and has no telephone number.
    deliver_events(shop, "payment_intent.succeeded")
    assert (load_order(shop, reply.json["orderNumber"]).shipping_address or {})["city"] == "Paris"


def test_another_address_under_the_same_key_is_another_request(client: FlaskClient, shop: Brand) -> None:
    body = {"productId": "cap", "customerEmail": "buyer@example.com", "shipping": shipping()}
    assert post(client, shop, INTENTS, body, Idempotency_Key="k" * 20).status_code == 200
    assert (
        post(client, shop, INTENTS, body, Idempotency_Key="k" * 20).headers["Idempotency-Replayed"] == "true"
    )
    other = body | {"shipping": shipping(city="Lyon")}
    assert post(client, shop, INTENTS, other, Idempotency_Key="k" * 20).status_code == 422


def test_digital_content_is_sold_without_an_address_and_stores_none(client: FlaskClient, shop: Brand) -> None:
    reply = post(
        client,
        shop,
        INTENTS,
        {"productId": "mystique", "customerEmail": "b@example.com", "shipping": shipping("US")},
    )
    order = load_order(shop, reply.json["orderNumber"])
    assert (order.amount, order.shipping_address, order.shipping_zone) == (4700, None, None)


def test_a_free_product_is_sent_for_its_postage_and_is_then_no_free_order(
    client: FlaskClient, make_brand
) -> None:
    shop = make_brand(shipping_zones=ZONES[:1])
    with atomic(shop.id):
        db.session.get_one(Product, (shop.id, "cap")).amount = 0
    body = {"productId": "cap", "customerEmail": "buyer@example.com", "shipping": shipping()}
    reply = post(client, shop, INTENTS, body)
    assert (reply.status_code, reply.json["amount"]) == (200, 490)
    assert reply.json["clientSecret"] is not None


def test_a_shop_without_zones_keeps_the_address_and_charges_nothing(
    client: FlaskClient, tenant: Brand
) -> None:
    body = {"productId": "cap", "customerEmail": "buyer@example.com", "shipping": shipping("US")}
    order = load_order(tenant, post(client, tenant, INTENTS, body).json["orderNumber"])
    assert (order.amount, order.shipping_zone, (order.shipping_address or {})["country"]) == (
        1900,
        None,
        "US",
    )

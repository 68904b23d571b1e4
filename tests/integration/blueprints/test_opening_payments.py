"""Opening a payment over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.models import Order
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order

LEVELS, PRODUCTS, PAYMENTS = (
    f"/api/{source}/create-payment-intent" for source in ("stripe", "products", "payments")
)
BUYER = {"customerEmail": "Buyer@Example.com"}


def post(client: FlaskClient, brand: Brand, path: str, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(path, json=body, headers={**brand.publishable, **named})


def test_a_level_is_opened_at_the_catalogs_price(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    reply = post(client, tenant, LEVELS, {"level": 2, **BUYER})
    assert reply.status_code == 200
    assert list(reply.json) == [
        "clientSecret",
        "orderId",
        "paymentIntentId",
        "orderNumber",
        "amount",
        "currency",
        "productName",
    ]
    assert reply.json["orderId"] == reply.json["paymentIntentId"]
    assert (reply.json["amount"], reply.json["productName"]) == (1400, "Intuitive")
    order = load_order(tenant, reply.json["orderNumber"])
    assert (order.source, order.customer_email) == ("stripe", "Buyer@Example.com")


@pytest.mark.parametrize(("path", "source"), [(PRODUCTS, "products"), (PAYMENTS, "payments")])
def test_a_product_is_opened_on_both_routes(
    client: FlaskClient, tenant: Brand, app_context: None, path: str, source: str
) -> None:
    reply = post(client, tenant, path, {"productId": "mystique", "customerName": "Buyer", **BUYER})
    order = load_order(tenant, reply.json["orderNumber"])
    assert (order.amount, order.source, order.customer_name) == (4700, source, "Buyer")


def test_a_free_level_completes_at_once_and_only_once(client: FlaskClient, tenant: Brand) -> None:
    first, second = (post(client, tenant, LEVELS, {"level": 1, **BUYER}).json for _ in range(2))
    assert first == second
    assert (first["clientSecret"], first["paymentIntentId"]) == (None, None)
    assert first["orderId"] == first["orderNumber"]


def test_reserved_metadata_keys_are_ignored(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    sent = {"ref": "17", "orderNumber": "x", "tenant": "x", "level": "4", "requestId": "x"}
    reply = post(client, tenant, PRODUCTS, {"productId": "mystique", "metadata": sent})
    assert load_order(tenant, reply.json["orderNumber"]).caller_metadata == {"ref": "17"}


@pytest.mark.parametrize("path", [LEVELS, PRODUCTS, PAYMENTS])
def test_the_callers_own_source_is_kept_beside_ours(
    client: FlaskClient, tenant: Brand, app_context: None, path: str
) -> None:
    item = {"level": 2} if path == LEVELS else {"productId": "mystique"}
    reply = post(client, tenant, path, {**item, **BUYER, "metadata": {"source": "newsletter"}})
    assert load_order(tenant, reply.json["orderNumber"]).caller_metadata == {"source": "newsletter"}
    [intent] = stripe_sandbox.intents(tenant)
    assert intent["metadata"]["source"] == path.split("/")[2]
    assert intent["metadata"]["callerSource"] == "newsletter"


@pytest.mark.parametrize(("sent", "locale"), [("fr", "fr"), ("en-GB", "en"), ("EN_us", "en"), (None, "fr")])
def test_the_shop_names_the_buyers_language(
    client: FlaskClient, tenant: Brand, app_context: None, sent: str | None, locale: str
) -> None:
    order = {"productId": "mystique", "locale": sent, **BUYER}
    reply = post(client, tenant, PRODUCTS, order, Accept_Language="fr, en")
    assert load_order(tenant, reply.json["orderNumber"]).locale == locale


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (PRODUCTS, {}, (400, "MISSING_PRODUCT_ID")),
        (PRODUCTS, {"productId": "nope"}, (404, "PRODUCT_NOT_FOUND")),
        (PRODUCTS, {"productId": "mystique", "quantity": 2}, (400, "INVALID_QUANTITY")),
        (PRODUCTS, {"productId": "cap", "quantity": 51}, (409, "OUT_OF_STOCK")),
        (PRODUCTS, {"productId": "mystique", "amount": 1}, (400, "INVALID_REQUEST")),
        (PRODUCTS, {"productId": "mystique", "customerEmail": "x"}, (400, "INVALID_EMAIL")),
        (PRODUCTS, {"productId": "mystique", "locale": "de"}, (400, "INVALID_REQUEST")),
        (PRODUCTS, {"productId": "mystique", "locale": 1}, (400, "INVALID_REQUEST")),
        (LEVELS, {"level": 9, **BUYER}, (404, "LEVEL_NOT_FOUND")),
        (LEVELS, {"level": 2}, (400, "INVALID_EMAIL")),
        (LEVELS, {**BUYER}, (400, "INVALID_LEVEL")),
        (LEVELS, {"level": 2, **BUYER, "metadata": {"a": 1}}, (400, "INVALID_METADATA")),
    ],
)
def test_an_invalid_request_has_its_code_and_opens_nothing(
    client: FlaskClient, tenant: Brand, path: str, body: Any, refusal: tuple[int, str]
) -> None:
    reply = post(client, tenant, path, body)
    assert (reply.status_code, reply.json["code"]) == refusal
    with client.application.app_context():
        assert count(tenant, Order) == 0


def test_the_error_names_every_invalid_field(client: FlaskClient, tenant: Brand) -> None:
    reply = post(client, tenant, PRODUCTS, {"quantity": 0, "price": 1})
    assert list(reply.json) == ["error", "code", "message", "requestId", "fields"]
    assert list(reply.json["fields"]) == ["productId", "quantity", "price"]
    assert reply.json["error"] == "Bad Request"
    assert reply.json["message"].startswith("productId: ")


def test_same_key_gets_the_same_reply(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    body = {"productId": "mystique", **BUYER}
    first = post(client, tenant, PRODUCTS, body, Idempotency_Key="order 17")
    again = post(client, tenant, PRODUCTS, dict(reversed(body.items())), Idempotency_Key="order 17")
    assert again.json == first.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(tenant, Order) == 1
    other = post(client, tenant, PAYMENTS, body, Idempotency_Key="order 17")
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


def test_a_request_id_repeats_only_the_same_call(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    first = post(client, tenant, PRODUCTS, {"productId": "mystique"}, X_Request_Id="trace-1")
    again = post(client, tenant, PRODUCTS, {"productId": "mystique"}, X_Request_Id="trace-1")
    other = post(client, tenant, PRODUCTS, {"productId": "strict"}, X_Request_Id="trace-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json == first.json
    assert other.json["orderNumber"] != first.json["orderNumber"]


def test_calls_without_any_id_are_separate_calls(client: FlaskClient, tenant: Brand) -> None:
    numbers = {
        post(client, tenant, PRODUCTS, {"productId": "mystique"}).json["orderNumber"] for _ in range(2)
    }
    assert len(numbers) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\x7fb", "a\tb"])
def test_an_invalid_idempotency_key_is_refused(client: FlaskClient, tenant: Brand, key: str) -> None:
    reply = post(client, tenant, PRODUCTS, {"productId": "mystique"}, Idempotency_Key=key)
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_another_content_type_is_refused(client: FlaskClient, tenant: Brand, content_type: str) -> None:
    reply = client.post(
        PRODUCTS, data=b'{"productId": "mystique"}', content_type=content_type, headers=tenant.secret
    )
    assert (reply.status_code, reply.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "application/json; charset=UTF-8"}, 200),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Type": "application/problem+json"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
    ],
)
def test_the_body_is_json_in_utf_8(
    client: FlaskClient, tenant: Brand, headers: dict[str, str], status: int
) -> None:
    reply = client.post(
        PRODUCTS, data=b'{"productId": "mystique"}', headers={**tenant.publishable, **headers}
    )
    assert reply.status_code == status


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"a": NaN}', b'{"productId": "a", "productId": "b"}', b"\xff"]
)
def test_an_ambiguous_body_is_refused(client: FlaskClient, tenant: Brand, body: bytes) -> None:
    reply = client.post(PRODUCTS, data=body, content_type="application/json", headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_over_64_kib_is_too_large(client: FlaskClient, tenant: Brand, announced: bool) -> None:
    body = b'{"productId": "' + b"x" * 65_536 + b'"}'
    options: dict[str, Any] = (
        {}
        if announced
        else {
            "content_length": None,
            "environ_overrides": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
        }
    )
    reply = client.post(
        PRODUCTS, data=body, content_type="application/json", headers=tenant.publishable, **options
    )
    assert (reply.status_code, reply.json["code"]) == (413, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LEVELS, {"level": 2}),
        (LEVELS, {"level": 1}),
        (PRODUCTS, {"productId": "mystique"}),
        ("/api/payments/checkout-sessions", {"items": [{"productId": "shirt", "quantity": 1}]}),
    ],
)
def test_a_shop_that_requires_an_address_refuses_a_sale_without_one(
    client: FlaskClient, make_brand: Callable[..., Brand], path: str, body: dict[str, Any]
) -> None:
    brand = make_brand(email_required=True)
    pages = dict.fromkeys(("successUrl", "cancelUrl"), f"https://{brand.domain}/")
    sale = body | (pages if "items" in body else {})

    refused = post(client, brand, path, sale)
    assert (refused.status_code, refused.json["code"]) == (400, "INVALID_EMAIL")
    assert list(refused.json["fields"]) == ["customerEmail"]
    assert post(client, brand, path, sale | BUYER).status_code == 200


TERMS = {"terms_version": "2026-11", "terms_url": "https://shop.example/terms"}
GIVEN = {"terms": "2026-11", "immediateDelivery": True}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LEVELS, {"level": 2} | BUYER),
        (PRODUCTS, {"productId": "mystique"}),
        ("/api/payments/checkout-sessions", {"items": [{"productId": "intuitive", "quantity": 1}]}),
    ],
)
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        (None, ["consents.terms", "consents.immediateDelivery"]),
        ({}, ["consents.terms", "consents.immediateDelivery"]),
        ({"terms": "2025-01", "immediateDelivery": True}, ["consents.terms"]),
        ({"terms": "2026-11", "immediateDelivery": False}, ["consents.immediateDelivery"]),
    ],
)
def test_a_shop_with_terms_refuses_a_sale_without_the_buyers_consents(
    client: FlaskClient, make_brand: Callable[..., Brand], path: str, body: dict[str, Any], given, missing
) -> None:
    brand = make_brand(**TERMS)
    pages = dict.fromkeys(("successUrl", "cancelUrl"), f"https://{brand.domain}/")
    sale = body | (pages if "items" in body else {})

    refused = post(client, brand, path, sale | ({} if given is None else {"consents": given}))
    assert (refused.status_code, refused.json["code"]) == (400, "MISSING_CONSENT")
    assert list(refused.json["fields"]) == missing
    opened = post(client, brand, path, sale | {"consents": GIVEN})
    assert opened.status_code == 200
    order = client.get(f"/api/orders/{opened.json['orderNumber']}", headers=brand.secret).json
    assert order["consents"] | {"at": None} == GIVEN | {"at": None}


def test_goods_need_the_terms_alone(client: FlaskClient, make_brand: Callable[..., Brand]) -> None:
    brand = make_brand(**TERMS)
    opened = post(client, brand, PRODUCTS, {"productId": "shirt", "consents": {"terms": "2026-11"}})
    assert opened.status_code == 200


@pytest.mark.parametrize("consents", ["yes", {"terms": 1}, {"immediateDelivery": "true"}, {"other": True}])
def test_consents_of_a_wrong_form_are_refused(client: FlaskClient, tenant: Brand, consents: object) -> None:
    refused = post(client, tenant, PRODUCTS, {"productId": "mystique", "consents": consents})
    assert refused.status_code == 400
    assert refused.json["fields"]


def test_a_shop_without_terms_keeps_the_consents_that_its_front_end_sends(
    client: FlaskClient, tenant: Brand
) -> None:
    opened = post(client, tenant, PRODUCTS, {"productId": "mystique", "consents": {"terms": "its own"}})
    order = client.get(f"/api/orders/{opened.json['orderNumber']}", headers=tenant.secret).json
    assert order["consents"]["terms"] == "its own"

"""Opening a Checkout Session over HTTP: its reply, and every invalid request."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.models import Order
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, figures, load_order, set_stock

ROUTE = "/api/payments/checkout-sessions"


def body(brand: Brand, **changes: Any) -> dict[str, Any]:
    return {
        "items": [{"productId": "shirt", "quantity": 2}, {"productId": "cap", "quantity": 1}],
        "customerEmail": "buyer@example.com",
        "successUrl": f"https://{brand.domain}/thanks?session={{CHECKOUT_SESSION_ID}}",
        "cancelUrl": f"https://{brand.domain}/cart",
    } | changes


def post(client: FlaskClient, brand: Brand, sent: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(ROUTE, json=sent, headers={**brand.publishable, **named})


def test_a_cart_is_opened_at_the_catalogs_prices(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    reply = post(client, tenant, body(tenant))
    assert reply.status_code == 200
    assert list(reply.json) == ["sessionId", "url", "orderNumber", "amount", "currency", "expiresAt"]
    assert (reply.json["amount"], reply.json["currency"]) == (2 * 5900 + 1900, "eur")
    assert reply.json["expiresAt"].endswith("Z")
    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert (reply.json["sessionId"], reply.json["url"]) == (session["id"], session["url"])
    order = load_order(tenant, reply.json["orderNumber"])
    assert (order.source, order.customer_email, len(order.lines)) == ("checkout", "buyer@example.com", 2)


def test_the_same_key_gets_the_same_reply(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    first = post(client, tenant, body(tenant), Idempotency_Key="k")
    second = post(client, tenant, body(tenant), Idempotency_Key="k")
    assert first.json == second.json
    assert second.headers["Idempotency-Replayed"] == "true"
    other = post(
        client, tenant, body(tenant, items=[{"productId": "cap", "quantity": 1}]), Idempotency_Key="k"
    )
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_free_cart_completes_at_once(client: FlaskClient, tenant: Brand) -> None:
    reply = post(client, tenant, body(tenant, items=[{"productId": "simple", "quantity": 1}]))
    assert reply.status_code == 200
    assert (reply.json["sessionId"], reply.json["url"], reply.json["expiresAt"]) == (None, None, None)


def test_an_order_of_several_products_lists_them_as_lines(client: FlaskClient, tenant: Brand) -> None:
    number = post(client, tenant, body(tenant)).json["orderNumber"]
    order = client.get(f"/api/orders/{number}", headers=tenant.secret).json
    assert order["productId"] is None
    untouched = {"discount": 0, "shippedQuantity": 0, "returnedQuantity": 0}
    assert order["lines"] == [
        {"productId": "shirt", "quantity": 2, "unitAmount": 5900} | untouched,
        {"productId": "cap", "quantity": 1, "unitAmount": 1900} | untouched,
    ]


def line(product: Any = "cap", quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"productId": product, "quantity": quantity} | more


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"items": []}, 400, "INVALID_CART"),
        ({"items": None}, 400, "INVALID_CART"),
        ({"items": {}}, 400, "INVALID_CART"),
        ({"items": "cap"}, 400, "INVALID_CART"),
        ({"items": ["cap"]}, 400, "INVALID_CART"),
        ({"items": [line()] * 101}, 400, "INVALID_CART"),
        ({"items": [line(), line()]}, 400, "INVALID_CART"),
        ({"items": [line(), line(quantity=2)]}, 400, "INVALID_CART"),
        ({"items": [line("nothing")]}, 404, "PRODUCT_NOT_FOUND"),
        ({"items": [line(), line("nothing")]}, 404, "PRODUCT_NOT_FOUND"),
        ({"items": [{"quantity": 1}]}, 400, "MISSING_PRODUCT_ID"),
        ({"items": [line("")]}, 400, "MISSING_PRODUCT_ID"),
        ({"items": [line(7)]}, 400, "INVALID_CART"),
        ({"items": [{"productId": "cap"}]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=0)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=-1)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=1.5)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=101)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=10**17)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity="1")]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(quantity=True)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line("mystique", 2)]}, 400, "INVALID_QUANTITY"),
        ({"items": [line(price=1)]}, 400, "INVALID_CART"),
        ({"amount": 1}, 400, "INVALID_REQUEST"),
        ({"customerEmail": "invalid"}, 400, "INVALID_EMAIL"),
        ({"metadata": {"a[b]": "x"}}, 400, "INVALID_METADATA"),
        ({"successUrl": None}, 400, "INVALID_URL"),
        ({"cancelUrl": "https://elsewhere.example/"}, 400, "INVALID_URL"),
        ({"successUrl": "https://elsewhere.example/"}, 400, "INVALID_URL"),
        ({"successUrl": "javascript:alert(1)"}, 400, "INVALID_URL"),
        ({"successUrl": "//{domain}/thanks"}, 400, "INVALID_URL"),
        ({"successUrl": "/thanks"}, 400, "INVALID_URL"),
        ({"successUrl": "https://{domain}:99999/"}, 400, "INVALID_URL"),
        ({"successUrl": "https://{domain}@elsewhere.example/"}, 400, "INVALID_URL"),
        ({"successUrl": "https://{domain}\\@elsewhere.example/"}, 400, "INVALID_URL"),
        ({"successUrl": "https://elsewhere.example\\.{domain}/"}, 400, "INVALID_URL"),
        ({"successUrl": "https://{domain}/\r\nLocation: x"}, 400, "INVALID_URL"),
        ({"successUrl": "https://[::1"}, 400, "INVALID_URL"),
        ({"successUrl": "https://{domain}/" + "a" * 2000}, 400, "INVALID_URL"),
        ({"successUrl": "https://{{CHECKOUT_SESSION_ID}}.{domain}/"}, 400, "INVALID_URL"),
    ],
)
def test_an_invalid_cart_is_refused_and_changes_nothing(
    client: FlaskClient, tenant: Brand, app_context: None, changes: dict[str, Any], status: int, code: str
) -> None:
    changes = {
        name: value.replace("{domain}", tenant.domain) if isinstance(value, str) else value
        for name, value in changes.items()
    }
    reply = post(client, tenant, body(tenant, **changes))
    assert (reply.status_code, reply.json["code"]) == (status, code)
    assert reply.json["requestId"]
    assert count(tenant, Order) == 0
    assert figures(tenant, "cap") == (50, 0, 0)
    assert stripe_sandbox.checkout_sessions(tenant) == []


@pytest.mark.parametrize("missing", ["items", "successUrl", "cancelUrl"])
def test_the_required_fields_of_a_cart_are_checked(client: FlaskClient, tenant: Brand, missing: str) -> None:
    sent = body(tenant)
    del sent[missing]
    reply = post(client, tenant, sent)
    assert reply.status_code == 400
    assert missing in reply.json["fields"]


def test_a_sold_out_cart_names_the_available_units(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    set_stock(tenant, "cap", 1)
    reply = post(client, tenant, body(tenant, items=[line(quantity=2)]))
    assert (reply.status_code, reply.json["code"]) == (409, "OUT_OF_STOCK")
    assert "Only 1 of Casquette available" in reply.json["message"]


def test_another_tenants_products_cannot_be_bought(
    client: FlaskClient, tenant: Brand, other_tenant: Brand, app_context: None
) -> None:
    reply = post(client, tenant, body(other_tenant))
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_URL")


def test_a_page_on_the_tenants_domain_opens_a_cart_without_a_key(client: FlaskClient, tenant: Brand) -> None:
    reply = client.post(ROUTE, json=body(tenant), headers={"Host": tenant.domain})
    assert reply.status_code == 200


def cancel(client: FlaskClient, brand: Brand, session_id: str) -> Any:
    return client.delete(f"{ROUTE}/{session_id}", headers=brand.publishable)


def test_a_canceled_session_releases_its_stock_at_once(client: FlaskClient, tenant: Brand) -> None:
    opened = post(client, tenant, body(tenant), Idempotency_Key="basket-of-one-buyer").json
    assert figures(tenant, "shirt") == (100, 2, 0)
    for _ in range(2):
        reply = cancel(client, tenant, opened["sessionId"])
        assert (reply.status_code, reply.json["status"]) == (200, "cancelled")
        assert reply.json["orderNumber"] == opened["orderNumber"]
    assert figures(tenant, "shirt") == (100, 0, 0)
    assert [session["status"] for session in stripe_sandbox.checkout_sessions(tenant)] == ["expired"]

    again = post(client, tenant, body(tenant), Idempotency_Key="basket-of-one-buyer").json
    assert again["orderNumber"] == opened["orderNumber"]
    assert again["sessionId"] != opened["sessionId"]
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_a_paid_session_is_not_canceled(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    opened = post(client, tenant, body(tenant)).json
    stripe_sandbox.pay_session(tenant, opened["sessionId"])
    for _ in range(2):
        reply = cancel(client, tenant, opened["sessionId"])
        assert (reply.status_code, reply.json["code"]) == (409, "CONFLICT")
    # The payment that Stripe reported counts, before any event has arrived.
    assert load_order(tenant, opened["orderNumber"]).status == "completed"
    assert figures(tenant, "shirt") == (98, 0, 2)


def test_no_other_session_is_canceled(client: FlaskClient, tenant: Brand, other_tenant: Brand) -> None:
    opened = post(client, tenant, body(tenant)).json
    for brand, reference in (
        (other_tenant, opened["sessionId"]),
        (tenant, opened["orderNumber"]),
        (tenant, "cs_test_unknown"),
        (tenant, "%00"),
    ):
        assert cancel(client, brand, reference).status_code == 404
    assert figures(tenant, "shirt") == (100, 2, 0)


def test_an_unreachable_stripe_changes_nothing_about_a_session(client: FlaskClient, tenant: Brand) -> None:
    opened = post(client, tenant, body(tenant)).json
    path = f"/v1/checkout/sessions/{opened['sessionId']}/expire"
    stripe_sandbox.fail_next(tenant, "drop_before", path=path, times=4)
    assert cancel(client, tenant, opened["sessionId"]).status_code == 503
    assert figures(tenant, "shirt") == (100, 2, 0)
    stripe_sandbox.clear_faults(tenant)
    assert cancel(client, tenant, opened["sessionId"]).status_code == 200


def test_a_page_may_cancel_its_session_from_the_tenants_domain(client: FlaskClient, tenant: Brand) -> None:
    origin = f"https://{tenant.domain}"
    headers = {"Origin": origin, "Access-Control-Request-Method": "DELETE"}
    reply = client.options(f"{ROUTE}/cs_test_x", headers=headers)
    assert reply.headers["Access-Control-Allow-Origin"] == origin
    assert "DELETE" in reply.headers["Access-Control-Allow-Methods"]


def test_a_cart_takes_the_buyers_name_and_language(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    sent = body(tenant, customerName="Jeanne Dupont", locale="en-GB", metadata={"source": "newsletter"})
    reply = post(client, tenant, sent, Accept_Language="fr")
    [session] = stripe_sandbox.checkout_sessions(tenant)
    order = load_order(tenant, reply.json["orderNumber"])
    assert (order.customer_name, order.locale, session["locale"]) == ("Jeanne Dupont", "en", "en")
    assert (session["metadata"]["source"], session["metadata"]["callerSource"]) == ("checkout", "newsletter")


def test_stripes_page_follows_the_buyers_browser_unless_the_shop_names_a_language(
    client: FlaskClient, tenant: Brand
) -> None:
    post(client, tenant, body(tenant), Accept_Language="de, en;q=0.5")
    [session] = stripe_sandbox.checkout_sessions(tenant)
    assert session["locale"] is None


def test_an_invalid_item_of_a_cart_is_named_by_its_place(client: FlaskClient, tenant: Brand) -> None:
    reply = post(client, tenant, body(tenant, items=[line("shirt"), line("cap", 0), line("")]))
    assert reply.status_code == 400
    assert reply.json["fields"]["items"] == [
        "Item 2: quantity: Must be greater than or equal to 1 and less than or equal to 100.",
        "Item 3: productId: Must not be empty.",
    ]
    assert reply.json["message"] == f"items: {reply.json['fields']['items'][0]}"

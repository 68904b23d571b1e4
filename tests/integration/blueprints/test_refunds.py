"""Refunding a payment over HTTP."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.domain.goods.addresses import Address
from lumira.models import RefundRequest
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, open_cart
from tests.support.refunds import REFUNDS, list_stripe_refunds, pay, refund_in_dashboard, run_sweep
from tests.support.shipping import ZONES

pytestmark = pytest.mark.usefixtures("app_context")


def post(client: FlaskClient, brand: Brand, payment_id: str | None, body: Any, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/api/payments/{payment_id}/refunds"
    return client.post(path, json=body, headers={**brand.secret, **named})


def test_a_payment_is_refunded_partially_and_fully(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    part = post(client, tenant, opened.payment_intent_id, {"amount": 700, "reason": "requested_by_customer"})
    rest = post(client, tenant, opened.payment_intent_id, {})

    first, second = list_stripe_refunds(tenant)
    assert part.status_code == rest.status_code == 200
    assert list(part.json.items()) == [
        ("refundId", first["id"]),
        ("amount", 700),
        ("status", "succeeded"),
        ("orderStatus", "partially_refunded"),
        ("refundedAmount", 700),
    ]
    assert rest.json == {
        "refundId": second["id"],
        "amount": 4000,
        "status": "succeeded",
        "orderStatus": "refunded",
        "refundedAmount": 4700,
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": -1}, "amount"),
        ({"amount": 10.5}, "amount"),
        ({"amount": 10.0}, "amount"),
        ({"amount": "10"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": None}, "amount"),
        ({"amount": [10]}, "amount"),
        ({"amount": 1_000_000_000_000}, "amount"),
        ({"amount": 10**17}, "amount"),
        ({"reason": "because"}, "reason"),
        ({"reason": ""}, "reason"),
        ({"reason": 1}, "reason"),
        ({"reason": None}, "reason"),
        ({"currency": "eur"}, "currency"),
        ({"lines": []}, "lines"),
        ({"lines": [{"productId": "cap", "quantity": 0}]}, "lines"),
        ({"shipping": None}, "shipping"),
        ({"shipping": "false"}, "shipping"),
        ({"amount": 100, "shipping": True}, "amount"),
        ({"amount": 100, "lines": [{"productId": "cap"}]}, "amount"),
        ({"metadata": {}}, "metadata"),
    ],
)
def test_an_invalid_amount_or_reason_is_refused(
    client: FlaskClient, tenant: Brand, body: Any, field: str
) -> None:
    reply = post(client, tenant, "pi_any", body)
    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_REQUEST")
    assert list(reply.json["fields"]) == [field]
    assert count(tenant, RefundRequest) == 0


def test_units_and_postage_are_refunded_by_name(client: FlaskClient, make_brand) -> None:
    shop = make_brand(shipping_zones=ZONES)
    opened = open_cart(shop, {"cap": 2}, shipping=Address("FR"))
    stripe_sandbox.pay_session(shop, str(opened.session_id))
    stripe_sandbox.deliver_events(shop)
    [payment] = load_order(shop, opened.order_number).payments
    bodies = (
        {"lines": [{"productId": "cap"}]},
        {"shipping": False},
        {"shipping": True},
    )
    replies = [post(client, shop, payment.stripe_payment_intent_id, body) for body in bodies]
    assert [reply.json["amount"] for reply in replies] == [1900, 1900, 490]
    assert replies[-1].json["orderStatus"] == "refunded"


def test_more_than_the_refundable_amount_is_a_409_that_names_it(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    reply = post(client, tenant, opened.payment_intent_id, {"amount": 4701})
    assert (reply.status_code, reply.json["code"]) == (409, "NOT_REFUNDABLE")
    assert reply.json["message"] == (
        "At most 47.00 EUR of this payment can be refunded; 47.01 EUR was requested."
    )
    assert "Retry-After" not in reply.headers
    assert list_stripe_refunds(tenant) == []


def test_a_refusal_of_stripe_is_a_409_with_its_code(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    refund_in_dashboard(tenant, opened)
    reply = post(client, tenant, opened.payment_intent_id, {})
    assert (reply.status_code, reply.json["code"]) == (409, "NOT_REFUNDABLE")
    assert "charge_already_refunded" in reply.json["message"]


def test_only_the_tenants_secret_key_refunds(client: FlaskClient, tenant: Brand, other_tenant: Brand) -> None:
    opened = pay(tenant)
    path = f"/api/payments/{opened.payment_intent_id}/refunds"
    for headers, refusal in (
        ({}, (401, "UNAUTHORIZED")),
        (tenant.publishable, (403, "FORBIDDEN")),
        ({"Host": tenant.domain}, (403, "FORBIDDEN")),
        (other_tenant.secret, (404, "ORDER_NOT_FOUND")),
    ):
        reply = client.post(path, json={}, headers=headers)
        assert (reply.status_code, reply.json["code"]) == refusal
    assert list_stripe_refunds(tenant) == []


@pytest.mark.parametrize("name", ["nope", "pi_nope", "a%00b", "%ff", "x" * 300, "'--"])
def test_an_unknown_payment_is_not_found(client: FlaskClient, tenant: Brand, name: str) -> None:
    reply = post(client, tenant, name, {})
    assert (reply.status_code, reply.json["code"]) == (404, "ORDER_NOT_FOUND")


def test_a_payment_is_refunded_by_its_payment_intent_id_only(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    assert post(client, tenant, opened.order_number, {}).status_code == 404


def test_same_key_gets_the_same_reply(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    first, again = (
        post(client, tenant, opened.payment_intent_id, {"amount": 700}, Idempotency_Key="refund 17")
        for _ in range(2)
    )
    assert first.json == again.json
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(client, tenant, opened.payment_intent_id, {"amount": 701}, Idempotency_Key="refund 17")
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")
    assert len(list_stripe_refunds(tenant)) == 1


def test_a_request_id_repeats_only_the_same_refund(client: FlaskClient, tenant: Brand) -> None:
    opened = pay(tenant)
    amounts = [700, 700, 800]
    replies = [
        post(client, tenant, opened.payment_intent_id, {"amount": amount}, X_Request_Id="trace-1")
        for amount in amounts
    ]
    assert ["Idempotency-Replayed" in reply.headers for reply in replies] == [False, True, False]
    assert [refund["amount"] for refund in list_stripe_refunds(tenant)] == [700, 800]


def test_an_unreachable_stripe_is_a_503_and_the_refund_is_made_later(
    client: FlaskClient, tenant: Brand
) -> None:
    opened = pay(tenant)
    stripe_sandbox.fail_next(tenant, "drop_before", path=REFUNDS, times=10)
    down = post(client, tenant, opened.payment_intent_id, {}, Idempotency_Key="k")
    assert (down.status_code, down.json["code"]) == (503, "STRIPE_UNAVAILABLE")
    assert int(down.headers["Retry-After"]) > 0
    stripe_sandbox.clear_faults(tenant)

    run_sweep(tenant)
    reply = post(client, tenant, opened.payment_intent_id, {}, Idempotency_Key="k")
    assert [refund["id"] for refund in list_stripe_refunds(tenant)] == [reply.json["refundId"]]


def test_the_body_must_be_json(client: FlaskClient, tenant: Brand) -> None:
    reply = client.post("/api/payments/pi_any/refunds", data=b"", headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_document_lists_the_refund_route(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json
    operation = document["paths"]["/api/payments/{paymentIntentId}/refunds"]["post"]
    assert operation["security"] == [{"secretKey": []}]
    assert {"200", "401", "403", "404", "409", "422"} <= set(operation["responses"])

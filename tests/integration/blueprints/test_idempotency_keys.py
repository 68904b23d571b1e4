"""Idempotency keys join the repeated calls of one caller, and never the calls of strangers."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from lumira.models import Order
from tests.support.factories import Brand, count
from tests.support.refunds import pay

PRODUCTS = "/api/products/create-payment-intent"
#: As many characters as make a public key unique, and one fewer.
LONG, SHORT = "4f1c9a70d2e85b36", "4f1c9a70d2e85b3"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"


def buy(
    client: FlaskClient,
    headers: dict[str, str],
    body: dict[str, Any] | None = None,
    *,
    address: str = HOME,
    **sent: str,
) -> Any:
    named = {name.replace("_", "-"): value for name, value in sent.items()}
    return client.post(
        PRODUCTS,
        json=body or {"productId": "mystique"},
        headers=headers | named,
        environ_base={"REMOTE_ADDR": address},
    )


def test_a_buyer_cannot_block_a_refund_by_its_key(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    opened = pay(tenant)
    key = f"refund-{opened.order_number}"
    assert buy(client, tenant.publishable, Idempotency_Key=key).status_code == 200

    refunds = f"/api/payments/{opened.payment_intent_id}/refunds"
    reply = client.post(refunds, json={}, headers=tenant.secret | {"Idempotency-Key": key})
    assert (reply.status_code, reply.json["refundedAmount"]) == (200, opened.amount)


def test_a_buyer_never_gets_the_stored_reply_of_the_shops_backend(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    of_backend = buy(client, tenant.secret, Idempotency_Key=LONG)
    of_buyer = buy(client, tenant.publishable, Idempotency_Key=LONG)
    assert "Idempotency-Replayed" not in of_buyer.headers
    assert of_buyer.json["clientSecret"] != of_backend.json["clientSecret"]
    assert buy(client, tenant.secret, address=ELSEWHERE, Idempotency_Key=LONG).json == of_backend.json


@pytest.mark.parametrize("sent", [{"Idempotency_Key": SHORT}, {"X_Request_Id": LONG}])
def test_two_buyers_with_the_same_short_key_or_request_id_get_their_own_orders(
    client: FlaskClient, tenant: Brand, app_context: None, sent: dict[str, str]
) -> None:
    first = buy(client, tenant.publishable, **sent)
    second = buy(client, tenant.publishable, address=ELSEWHERE, **sent)
    assert second.status_code == 200
    assert first.json["orderNumber"] != second.json["orderNumber"]
    again = buy(client, tenant.publishable, **sent)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")


@pytest.mark.parametrize("sent", [{"Idempotency_Key": SHORT}, {"X_Request_Id": LONG}])
def test_buyers_behind_a_proxy_that_is_not_trusted_are_not_joined(
    client: FlaskClient, tenant: Brand, app_context: None, sent: dict[str, str]
) -> None:
    proxy = "10.0.0.1"
    first = buy(client, tenant.publishable, address=proxy, X_Forwarded_For=HOME, **sent)
    second = buy(client, tenant.publishable, address=proxy, X_Forwarded_For=ELSEWHERE, **sent)
    assert first.json["clientSecret"] != second.json["clientSecret"]
    again = buy(client, tenant.publishable, address=proxy, X_Forwarded_For=HOME, **sent)
    assert (again.json, again.headers["Idempotency-Replayed"]) == (first.json, "true")


def test_a_proxy_that_is_not_trusted_shows_no_buyer_the_order_of_another(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    proxy = "10.0.0.1"
    free = {"productId": "simple", "customerEmail": "ana@example.com"}
    own = buy(client, tenant.publishable, free, address=proxy, X_Forwarded_For=HOME, Idempotency_Key=LONG)
    number = own.json["orderNumber"]
    others = buy(client, tenant.publishable, free, address=proxy, X_Forwarded_For=ELSEWHERE)
    assert others.status_code == 200
    assert others.json["orderNumber"] != number

    def status(**sent: str) -> int:
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        return client.get(
            f"/api/payments/{number}",
            headers=tenant.publishable | named,
            environ_base={"REMOTE_ADDR": proxy},
        ).status_code

    assert status(X_Forwarded_For=ELSEWHERE) == 404
    assert status(X_Forwarded_For=HOME, Idempotency_Key=LONG) == 200


def test_a_stranger_with_the_same_short_key_does_not_refuse_a_buyer(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    assert buy(client, tenant.publishable, {"productId": "strict"}, Idempotency_Key=SHORT).status_code == 200
    assert buy(client, tenant.publishable, address=ELSEWHERE, Idempotency_Key=SHORT).status_code == 200


def test_a_buyer_with_a_random_key_gets_the_same_reply_on_another_network(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    first = buy(client, tenant.publishable, Idempotency_Key=LONG)
    on_the_road = buy(client, tenant.publishable, address=ELSEWHERE, Idempotency_Key=LONG)
    by_domain = buy(client, {"Host": tenant.domain}, address=ELSEWHERE, Idempotency_Key=LONG)
    assert on_the_road.json == by_domain.json == first.json
    assert count(tenant, Order) == 1


def test_the_shops_backend_repeats_a_call_by_its_request_id_from_any_of_its_servers(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    first = buy(client, tenant.secret, X_Request_Id="r1")
    again = buy(client, tenant.secret, address=ELSEWHERE, X_Request_Id="r1")
    assert (again.json, count(tenant, Order)) == (first.json, 1)

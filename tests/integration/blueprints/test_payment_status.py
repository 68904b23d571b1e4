"""The status of a payment: by Stripe's ids for every buyer, by the order number for the buyer that opened it."""

from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.support import stripe_sandbox
from tests.support.factories import BUYER, Brand, load_order, open_cart, open_payment

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"

pytestmark = pytest.mark.usefixtures("app_context")


def show(client: FlaskClient, brand: Brand, reference: Any, network: str = HOME, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get(
        f"/api/payments/{reference}",
        headers={**brand.publishable, **named},
        environ_overrides={"REMOTE_ADDR": network},
    )


def open_free(client: FlaskClient, brand: Brand, network: str = HOME, **headers: str) -> str:
    """Open a free level over HTTP, as a buyer's page does; returns the order number."""
    reply = client.post(
        "/api/stripe/create-payment-intent",
        json={"level": 1, "customerEmail": BUYER},
        headers={**brand.publishable, **{name.replace("_", "-"): value for name, value in headers.items()}},
        environ_overrides={"REMOTE_ADDR": network},
    )
    assert reply.status_code == 200
    number: str = reply.json["orderNumber"]
    return number


def test_a_payment_shows_no_personal_data(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant)
    assert show(client, tenant, opened.payment_intent_id).json == {
        "paymentIntentId": opened.payment_intent_id,
        "orderNumber": opened.order_number,
        "status": "pending",
        "amount": 4700,
        "currency": "eur",
        "productName": "Niveau Mystique",
    }


def test_the_page_after_stripes_finds_the_order_by_its_session(client: FlaskClient, tenant: Brand) -> None:
    opened = open_cart(tenant)
    before = show(client, tenant, opened.session_id).json
    assert (before["status"], before["paymentIntentId"]) == ("pending", None)
    assert before["orderNumber"] == opened.order_number

    stripe_sandbox.pay_session(tenant, str(opened.session_id))
    stripe_sandbox.deliver_events(tenant)
    after = show(client, tenant, opened.session_id).json
    assert after["status"] == "completed"
    assert after["paymentIntentId"].startswith("pi_")


def test_the_caller_that_opened_an_order_finds_it_by_its_number(client: FlaskClient, tenant: Brand) -> None:
    number = open_free(client, tenant)
    assert show(client, tenant, number).json["status"] == "completed"
    assert show(client, tenant, number.lower()).status_code == 200
    assert client.get(f"/api/payments/{number}", headers=tenant.secret).status_code == 200


def test_a_stranger_does_not_find_an_order_by_its_number(client: FlaskClient, tenant: Brand) -> None:
    key = f"basket-{uuid4()}"
    number = open_free(client, tenant, Idempotency_Key=key)
    assert show(client, tenant, number, ELSEWHERE).status_code == 404
    assert show(client, tenant, number, ELSEWHERE, Idempotency_Key=f"basket-{uuid4()}").status_code == 404
    # The buyer's telephone has left the home network, and the page still has its key.
    assert show(client, tenant, number, ELSEWHERE, Idempotency_Key=key).status_code == 200


def test_an_order_that_the_backend_opened_is_not_found_by_a_buyer(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant)
    assert show(client, tenant, opened.order_number).status_code == 404


def test_a_payment_is_not_found_by_the_orders_id(client: FlaskClient, tenant: Brand) -> None:
    number = open_free(client, tenant)
    assert show(client, tenant, load_order(tenant, number).id).status_code == 404


def test_a_payment_of_another_tenant_is_not_found(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    number, session_id = open_free(client, tenant), open_cart(tenant).session_id
    for reference in (number, session_id):
        assert show(client, other_tenant, reference).json["code"] == "ORDER_NOT_FOUND"

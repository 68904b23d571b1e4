"""`/api/orders/<reference>/shipments` and `/returns`: the tenant's own system records parcels."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.factories import Brand, load_order
from tests.support.refunds import pay

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def number(tenant: Brand) -> str:
    return pay(tenant, "shirt", quantity=2).order_number


def post(client: FlaskClient, brand: Brand, path: str, body: Any, **headers: str) -> Any:
    return client.post(f"/api/orders/{path}", json=body, headers=brand.secret | headers)


def test_a_parcel_is_recorded_followed_and_comes_back(client, tenant, number) -> None:
    body = {
        "carrier": "Colissimo",
        "trackingNumber": "6A12345678901",
        "lines": [{"productId": "shirt", "quantity": 1}],
    }
    shipped = post(client, tenant, f"{number}/shipments", body)
    assert (shipped.status_code, shipped.json["fulfilment"]) == (200, "partially_shipped")
    assert shipped.json["trackingUrl"].endswith("?code=6A12345678901")

    path = f"{number}/shipments/{shipped.json['id']}"
    delivered = post(client, tenant, path, {"deliveredAt": shipped.json["shippedAt"]})
    assert (delivered.status_code, delivered.json["deliveredAt"]) == (200, shipped.json["shippedAt"])

    returned = post(
        client, tenant, f"{number}/returns", {"lines": body["lines"], "buyerReason": "Too small."}
    )
    assert returned.status_code == 200
    assert (returned.json["refundAmount"], returned.json["currency"]) == (5900, "eur")

    order = client.get(f"/api/orders/{number}", headers=tenant.secret).json
    assert order["status"] == "completed"
    assert order["fulfilment"] == "partially_shipped"
    assert (order["lines"][0]["shippedQuantity"], order["lines"][0]["returnedQuantity"]) == (1, 1)
    assert order["shipments"][0]["lines"] == body["lines"]
    assert order["returns"][0]["buyerReason"] == "Too small."
    assert {entry["what"] for entry in order["timeline"]} >= {"shipped", "delivered", "returned"}


def test_a_repeated_call_records_one_parcel(client, tenant, number) -> None:
    body = {"lines": [{"productId": "shirt", "quantity": 1}]}
    key = {"Idempotency-Key": "parcel-1-of-this-order"}
    first = post(client, tenant, f"{number}/shipments", body, **key)
    again = post(client, tenant, f"{number}/shipments", body, **key)
    assert (again.status_code, again.json) == (200, first.json)
    assert len(load_order(tenant, number).shipments) == 1
    other = post(client, tenant, f"{number}/shipments", {"carrier": "UPS"}, **key)
    assert (other.status_code, other.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"trackingUrl": "javascript:alert(1)"}, "INVALID_TRACKING", "trackingUrl"),
        ({"trackingUrl": "http://carrier.example/1"}, "INVALID_TRACKING", "trackingUrl"),
        ({"trackingNumber": "<script>"}, "INVALID_TRACKING", "trackingNumber"),
        ({"trackingNumber": "4242 4242 4242 4242"}, "INVALID_TRACKING", "trackingNumber"),
        ({"trackingNumber": ""}, "INVALID_TRACKING", "trackingNumber"),
        ({"carrier": "x" * 61}, "INVALID_REQUEST", "carrier"),
        ({"carrier": 7}, "INVALID_REQUEST", "carrier"),
        ({"lines": []}, "INVALID_REQUEST", "lines"),
        ({"lines": [{"productId": "shirt", "quantity": 0}]}, "INVALID_REQUEST", "lines"),
        ({"lines": [{"productId": "shirt"}]}, "INVALID_REQUEST", "lines"),
        ({"shippedAt": "2026-11-28"}, "INVALID_REQUEST", "shippedAt"),
        ({"shippedAt": "2999-01-01T00:00:00Z"}, "INVALID_REQUEST", "shippedAt"),
        ({"price": 0}, "INVALID_REQUEST", "price"),
    ],
)
def test_bad_input_says_which_field_and_records_nothing(
    client, tenant, number, body: dict[str, Any], code: str, field: str
) -> None:
    refused = post(client, tenant, f"{number}/shipments", body)
    assert (refused.status_code, refused.json["code"]) == (400, code)
    assert list(refused.json["fields"]) == [field]
    assert load_order(tenant, number).shipments == []


def test_too_many_units_are_a_conflict(client, tenant, number) -> None:
    body = {"lines": [{"productId": "shirt", "quantity": 3}]}
    refused = post(client, tenant, f"{number}/shipments", body)
    assert (refused.status_code, refused.json["code"]) == (409, "NOT_SHIPPABLE")
    refused = post(client, tenant, f"{number}/returns", body)
    assert (refused.status_code, refused.json["code"]) == (409, "NOT_RETURNABLE")


def test_a_change_says_one_thing(client, tenant, number) -> None:
    shipped = post(client, tenant, f"{number}/shipments", {}).json
    path = f"{number}/shipments/{shipped['id']}"
    assert post(client, tenant, path, {}).status_code == 400
    both = {"cancelled": True, "deliveredAt": shipped["shippedAt"]}
    assert post(client, tenant, path, both).status_code == 400
    cancelled = post(client, tenant, path, {"cancelled": True})
    assert (cancelled.status_code, cancelled.json["fulfilment"]) == (200, "to_ship")


def test_an_unknown_shipment_is_not_found(client, tenant, number) -> None:
    for name in ("nothing", "01a221fb-5dd2-7eaa-80d2-5f01dca581f8"):
        reply = post(client, tenant, f"{number}/shipments/{name}", {"cancelled": True})
        assert (reply.status_code, reply.json["code"]) == (404, "NOT_FOUND")


def test_another_tenant_finds_no_parcel(client, tenant, other_tenant, number) -> None:
    shipped = post(client, tenant, f"{number}/shipments", {}).json
    for path in (f"{number}/shipments", f"{number}/shipments/{shipped['id']}"):
        assert post(client, other_tenant, path, {"carrier": "ups"}).json["code"] == "ORDER_NOT_FOUND"


def test_a_public_caller_records_nothing(client, tenant, number) -> None:
    for path in (f"{number}/shipments", f"{number}/returns"):
        reply = client.post(f"/api/orders/{path}", json={}, headers=tenant.publishable)
        assert (reply.status_code, reply.json["code"]) == (403, "FORBIDDEN")

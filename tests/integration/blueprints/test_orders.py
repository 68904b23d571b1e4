"""Reading orders, payments and access."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from lumira.database import atomic
from lumira.models import GrantReason, Order, OrderStatus, ReviewReason
from lumira.repositories.orders import orders
from tests.support import stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart, open_payment

BASE = [
    "id",
    "orderNumber",
    "productId",
    "customerId",
    "customerEmail",
    "amount",
    "currency",
    "status",
    "paymentIntentId",
    "review",
    "refundedAmount",
    "createdAt",
    "updatedAt",
    "completedAt",
    "fulfilment",
    "consents",
    "promotion",
    "metadata",
]
WHOLE = [
    *BASE,
    "waitingFor",
    "lines",
    "shipping",
    "payments",
    "refunds",
    "disputes",
    "fraudWarnings",
    "grants",
    "messages",
    "withdrawal",
    "shipments",
    "returns",
    "timeline",
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")

pytestmark = pytest.mark.usefixtures("app_context")


def get(client: FlaskClient, brand: Brand, path: str, **query: str) -> Any:
    return client.get(path, query_string=query, headers=brand.secret)


def numbers(reply: Any) -> list[str]:
    return [order["orderNumber"] for order in reply.json["orders"]]


def test_an_order_is_shown_with_all_its_details(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant, "mystique", metadata={"ref": "17"})
    order = get(client, tenant, f"/api/orders/{opened.order_number}").json
    assert list(order) == WHOLE
    assert (order["productId"], order["amount"], order["status"]) == ("mystique", 4700, "pending")
    assert order["metadata"] == {"ref": "17"}
    assert order["shipping"] is None
    assert order["lines"] == [
        {
            "productId": "mystique",
            "quantity": 1,
            "unitAmount": 4700,
            "discount": 0,
            "shippedQuantity": 0,
            "returnedQuantity": 0,
        }
    ]
    assert order["payments"] == [
        {
            "paymentIntentId": opened.payment_intent_id,
            "status": "open",
            "amount": 4700,
            "fee": None,
            "net": None,
            "balanceCurrency": None,
        }
    ]
    assert order["timeline"][0]["what"] == "opened"
    assert TIME.fullmatch(order["createdAt"])
    assert TIME.fullmatch(order["timeline"][0]["at"])
    assert order["completedAt"] is order["review"] is None


def test_an_order_is_found_by_id_number_and_payment(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant)
    order_id = str(load_order(tenant, opened.order_number).id)
    for name in (order_id, order_id.upper(), opened.order_number, opened.order_number.lower()):
        assert get(client, tenant, f"/api/orders/{name}").json["id"] == order_id
    assert get(client, tenant, f"/api/orders/{opened.payment_intent_id}").json["id"] == order_id


@pytest.mark.parametrize("name", ["nope", "pi_nope", "%00", "a%00b", "pi_%00", "%ff", "x" * 300, "{}", "'--"])
def test_an_unknown_order_is_not_found(client: FlaskClient, tenant: Brand, name: str) -> None:
    for path in ("/api/orders/", "/api/payments/"):
        reply = client.get(path + name, headers=tenant.secret)
        assert (reply.status_code, reply.json["code"]) == (404, "ORDER_NOT_FOUND")


def test_orders_of_another_tenant_are_not_found(
    client: FlaskClient, tenant: Brand, other_tenant: Brand
) -> None:
    opened = open_payment(other_tenant)
    order_id = load_order(other_tenant, opened.order_number).id
    for name in (opened.order_number, opened.payment_intent_id, order_id):
        assert get(client, tenant, f"/api/orders/{name}").status_code == 404
    assert get(client, tenant, f"/api/payments/{opened.payment_intent_id}").status_code == 404
    assert get(client, tenant, "/api/orders").json == {"orders": [], "next": None}
    assert get(client, tenant, "/api/access", customerEmail="buyer@example.com").json == {"grants": []}


def test_the_review_reason_is_shown(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant)
    with atomic(tenant.id):
        orders.get_order(tenant.id, opened.order_number).review_reason = ReviewReason.AMOUNT_MISMATCH
    order = get(client, tenant, f"/api/orders/{opened.order_number}").json
    assert order["review"] == {"reason": "amount_mismatch"}


def test_a_free_order_has_no_payment_and_a_grant(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant, "simple")
    order = get(client, tenant, f"/api/orders/{opened.order_number}").json
    assert (order["paymentIntentId"], order["payments"], order["status"]) == (None, [], "completed")
    (grant,) = order["grants"]
    assert list(grant) == ["productId", "level", "active", "grantedAt", "revokedAt", "reason"]
    assert (grant["productId"], grant["level"], grant["reason"]) == ("simple", 1, "free")
    assert order["messages"][0]["kind"] == "order_confirmation"


def test_orders_are_listed_newest_first_in_pages(client: FlaskClient, tenant: Brand) -> None:
    opened = [open_payment(tenant, "strict").order_number for _ in range(3)]
    first = get(client, tenant, "/api/orders", limit="2")
    assert list(first.json["orders"][0]) == BASE
    second = get(client, tenant, "/api/orders", limit="2", cursor=first.json["next"])
    assert numbers(first) + numbers(second) == opened[::-1]
    assert second.json["next"] is None


def test_orders_are_filtered(client: FlaskClient, tenant: Brand) -> None:
    free = open_payment(tenant, "simple", customer_email="Free@example.com").order_number
    paid = open_payment(tenant, "mystique").order_number
    assert numbers(get(client, tenant, "/api/orders", status="completed")) == [free]
    assert numbers(get(client, tenant, "/api/orders", customerEmail="free@EXAMPLE.com ")) == [free]
    between = get(client, tenant, "/api/orders").json["orders"][0]["createdAt"]
    assert numbers(get(client, tenant, "/api/orders", createdBefore=between)) == [free]
    assert numbers(get(client, tenant, "/api/orders", createdAfter=between, status="pending")) == [paid]
    assert numbers(get(client, tenant, "/api/orders", createdAfter="2199-01-01T00:00:00+01:00")) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=nonsense", "INVALID_REQUEST"),
        ("status=paid", "INVALID_REQUEST"),
        ("limit=0", "INVALID_REQUEST"),
        ("limit=101", "INVALID_REQUEST"),
        ("limit=" + quote("५"), "INVALID_REQUEST"),
        ("limit=1&limit=2", "INVALID_REQUEST"),
        ("customerEmail=a%00@example.com", "INVALID_EMAIL"),
        ("createdAfter=2026-01-01", "INVALID_REQUEST"),
        ("createdAfter=0001-01-01T00:00:00%2B14:00", "INVALID_REQUEST"),
        ("page=2", "INVALID_REQUEST"),
        ("%00=1", "INVALID_REQUEST"),
        ("%ff=%fe", "INVALID_REQUEST"),
    ],
)
def test_an_invalid_filter_is_refused(client: FlaskClient, tenant: Brand, query: str, code: str) -> None:
    reply = client.get(f"/api/orders?{query}", headers=tenant.secret)
    assert (reply.status_code, reply.json["code"]) == (400, code)


def test_orders_changed_since_a_time_are_listed_with_what_was_refunded(
    client: FlaskClient, tenant: Brand
) -> None:
    earlier = open_payment(tenant, "strict")
    first = open_payment(tenant, "mystique")
    stripe_sandbox.pay(tenant, first.payment_intent_id, first.client_secret)
    stripe_sandbox.deliver_events(tenant)
    seen = datetime.now(UTC).isoformat()
    assert numbers(get(client, tenant, "/api/orders", updatedAfter=seen)) == []

    refund = {"payment_intent": first.payment_intent_id, "amount": "1000"}
    stripe_sandbox.call(tenant, "POST", "/v1/refunds", data=refund)
    stripe_sandbox.deliver_events(tenant)
    [changed] = get(client, tenant, "/api/orders", updatedAfter=seen).json["orders"]
    assert (changed["orderNumber"], changed["refundedAmount"]) == (first.order_number, 1000)
    [unchanged] = get(client, tenant, "/api/orders", status="pending").json["orders"]
    assert (unchanged["orderNumber"], unchanged["refundedAmount"]) == (earlier.order_number, 0)


def test_an_order_is_found_by_its_checkout_session(client: FlaskClient, tenant: Brand) -> None:
    opened = open_cart(tenant)
    order = get(client, tenant, f"/api/orders/{opened.session_id}").json
    assert (order["orderNumber"], order["status"]) == (opened.order_number, "pending")


@pytest.mark.parametrize(
    "query",
    ["createdAfter=2026-01-31T12:00:00+01:00", "customerEmail=ana+shop@example.com"],
)
def test_a_plus_that_a_query_string_turns_into_a_space_is_explained(
    client: FlaskClient, tenant: Brand, query: str
) -> None:
    reply = client.get(f"/api/orders?{query}", headers=tenant.secret)
    assert reply.status_code == 400
    assert reply.json["message"].endswith("encode + as %2B.")
    assert client.get(f"/api/orders?{query.replace('+', '%2B')}", headers=tenant.secret).status_code == 200


def test_access_lists_live_and_past_grants(client: FlaskClient, tenant: Brand) -> None:
    opened = open_payment(tenant, "simple")
    live = get(client, tenant, "/api/access", customerEmail="BUYER@example.com").json
    assert list(live) == ["grants"]
    assert [grant["active"] for grant in live["grants"]] == [True]
    with atomic(tenant.id):
        order: Order = orders.get_order(tenant.id, opened.order_number)
        order.grants[0].active, order.grants[0].reason = False, GrantReason.REFUNDED
        order.grants[0].revoked_at = order.created_at
    past = get(client, tenant, "/api/access", customerEmail="buyer@example.com", productId="simple").json
    assert past["active"] is False
    assert TIME.fullmatch(past["grants"][0]["revokedAt"])


def test_access_says_whether_one_product_is_accessible(client: FlaskClient, tenant: Brand) -> None:
    open_payment(tenant, "simple")
    for query, active in (
        ({"productId": "simple"}, True),
        ({"level": "1"}, True),
        ({"level": "2"}, False),
        ({"productId": "nope"}, False),
        ({"productId": "simple", "level": "2"}, False),
    ):
        access = get(client, tenant, "/api/access", customerEmail="buyer@example.com", **query).json
        assert access["active"] is active
        assert bool(access["grants"]) is active


def test_orders_can_be_filtered_by_every_status(client: FlaskClient, tenant: Brand) -> None:
    for status in OrderStatus:
        assert get(client, tenant, "/api/orders", status=str(status)).status_code == 200

"""Every route with every reference of another tenant finds nothing, and every code has a request."""

import io
import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from lumira.database import atomic, db
from lumira.models import IdempotencyKey, Order, ProductKind, WebhookEvent
from lumira.repositories.tenants import stripe_accounts, tenants
from tests.support import stripe_sandbox
from tests.support.factories import Brand, count, load_order, make_products, open_cart, open_payment
from tests.support.files import PDF, all_files
from tests.support.stripe_events import deliver, encode, event, payment_intent, signature

pytestmark = pytest.mark.usefixtures("app_context")

THEIR_BUYER = "their-buyer@example.org"


@pytest.fixture
def theirs(other_tenant: Brand) -> dict[str, str]:
    """Every kind of reference to objects of the other tenant."""
    with atomic(other_tenant.id):
        own = make_products(other_tenant.id)[4]
        own.id, own.level_number, own.kind = "only-theirs", None, ProductKind.DIGITAL
        own.deliverables = [{"key": "only-their-lecture", "title": "Their lecture"}]
        db.session.add(own)
    opened = open_payment(other_tenant, "only-theirs", customer_email=THEIR_BUYER)
    paid = event("payment_intent.succeeded", payment_intent(id=opened.payment_intent_id, status="succeeded"))
    deliver(other_tenant, paid)
    order = load_order(other_tenant, opened.order_number)
    [intent] = stripe_sandbox.intents(other_tenant)
    return {
        "order id": str(order.id),
        "order number": order.order_number,
        "payment": str(opened.payment_intent_id),
        "session": str(open_cart(other_tenant).session_id),
        "product": "only-theirs",
        "customer id": str(order.customer_id),
        "stripe customer": intent["customer"],
        "grant id": str(order.grants[0].id),
        "line id": str(order.lines[0].id),
        "deliverable id": str(order.lines[0].promises[0].id),
        "deliverable key": "only-their-lecture",
        "message id": str(order.messages[0].id),
        "event": paid["id"],
        "slug": other_tenant.slug,
        "e-mail": THEIR_BUYER,
    }


def routes(app: Flask, *, with_names: bool) -> list[tuple[str, str]]:
    """Method and rule of every API route that requires a key."""
    return [
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if rule.rule.startswith("/api/")
        and not rule.endpoint.startswith(("webhooks.", "crm.", "docs.", "api-docs."))
        and bool(rule.arguments) is with_names
    ]


def body_of(method: str, rule: str) -> dict[str, Any]:
    """A valid body for the route."""
    if method != "POST":
        return {}
    if rule.endswith("/files"):
        return {"data": {"file": (io.BytesIO(PDF), "lecture.pdf")}}
    return {"json": {"state": "delivered"} if rule.endswith("/<deliverable>") else {}}


def test_no_route_finds_anything_by_references_of_another_tenant(app, client, tenant, theirs) -> None:
    requests = 0
    for (method, rule), name, headers in itertools.product(
        routes(app, with_names=True), theirs.values(), (tenant.secret, tenant.publishable)
    ):
        path = re.sub("<[^>]*>", lambda _part, name=name: name, rule)
        reply = client.open(path, method=method, headers=headers, **body_of(method, rule))
        assert reply.status_code in (400, 403, 404), (method, path, reply.status_code)
        text = reply.get_data(as_text=True).replace(path, "")
        assert not [
            reference for kind, reference in theirs.items() if reference in text and reference != name
        ], (path, text)
        requests += 1
    assert requests >= 12 * len(theirs)
    assert all_files(tenant) == []


@pytest.mark.parametrize("parameter", ["customerEmail", "productId", "level", "status", "cursor", "tenant"])
def test_no_list_shows_anything_of_another_tenant(app, client, tenant, theirs, parameter) -> None:
    for (method, rule), name, headers in itertools.product(
        routes(app, with_names=False), theirs.values(), (tenant.secret, tenant.publishable)
    ):
        if method != "GET":
            continue
        for query in ({parameter: name}, {"customerEmail": THEIR_BUYER, parameter: name}):
            reply = client.get(rule, query_string=query, headers=headers)
            assert reply.status_code in (200, 304, 400, 403, 404), (rule, query, reply.status_code)
            text = reply.get_data(as_text=True)
            assert not [
                reference for reference in theirs.values() if reference in text and reference != name
            ], (rule, text)


def test_a_product_of_another_tenant_cannot_be_bought(app, client, tenant, theirs) -> None:
    for method, rule in routes(app, with_names=False):
        if method == "POST" and "payment" in rule and "stripe" not in rule:
            sale = {"productId": theirs["product"], "customerEmail": "buyer@example.com"}
            if rule.endswith("checkout-sessions"):
                page = f"https://{tenant.domain}/"
                items = [{"productId": theirs["product"], "quantity": 1}]
                sale = {"items": items, "successUrl": page, "cancelUrl": page}
            reply = client.post(rule, json=sale, headers=tenant.publishable)
            assert (reply.status_code, reply.json["code"]) == (404, "PRODUCT_NOT_FOUND")
    assert count(tenant, Order) == 0


def test_a_key_used_on_another_tenants_domain_acts_for_its_own_tenant(
    client, tenant, other_tenant, theirs
) -> None:
    reply = client.get("/api/orders", headers={**tenant.secret, "Host": other_tenant.domain})
    assert reply.json["orders"] == []


def test_an_event_of_one_tenant_is_rejected_at_the_path_of_another(client, tenant, other_tenant) -> None:
    body = encode(event("payment_intent.succeeded", payment_intent(id="pi_1", status="succeeded")))
    for path in ("stripe/webhook", "products/webhook", "webhooks/stripe"):
        reply = client.post(
            f"/api/{path}/{other_tenant.slug}",
            data=body,
            headers={"Stripe-Signature": signature(body, tenant.webhook_secret)},
        )
        assert (reply.status_code, reply.json) == (400, {"error": "Webhook signature verification failed"})
    assert count(other_tenant, WebhookEvent) == 0


LEVEL, PRODUCT = "/api/stripe/create-payment-intent", "/api/products/create-payment-intent"
BUYER = {"customerEmail": "buyer@example.com"}
CODES: list[tuple[int, str, str, dict[str, Any]]] = [
    (400, "MISSING_PRODUCT_ID", PRODUCT, BUYER),
    (400, "INVALID_EMAIL", LEVEL, {"level": 2}),
    (400, "INVALID_EMAIL", PRODUCT, {"productId": "mystique", "customerEmail": "invalid"}),
    (400, "INVALID_METADATA", PRODUCT, {"productId": "mystique", "metadata": {"a[b]": "c"}}),
    (400, "INVALID_QUANTITY", PRODUCT, {"productId": "mystique", "quantity": 0}),
    (400, "INVALID_QUANTITY", PRODUCT, {"productId": "mystique", "quantity": 2}),
    (400, "INVALID_LEVEL", LEVEL, {"level": "2", **BUYER}),
    (400, "INVALID_REQUEST", PRODUCT, {"productId": "mystique", "amount": 1}),
    (404, "PRODUCT_NOT_FOUND", PRODUCT, {"productId": "nothing"}),
    (404, "LEVEL_NOT_FOUND", LEVEL, {"level": 9, **BUYER}),
    (409, "OUT_OF_STOCK", PRODUCT, {"productId": "cap", "quantity": 51}),
    (500, "PAYMENT_FAILED", PRODUCT, {"productId": "too-cheap"}),
]


@pytest.mark.parametrize(("status", "code", "path", "body"), CODES, ids=[f"{c[1]} {c[3]}" for c in CODES])
def test_every_refused_checkout_has_its_code(client, tenant, status, code, path, body) -> None:
    with atomic(tenant.id):
        cheap = make_products(tenant.id)[4]
        cheap.id, cheap.amount = "too-cheap", 1
        db.session.add(cheap)
    reply = client.post(path, json=body, headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (status, code)
    assert set(reply.json) - {"fields"} == {"error", "code", "message", "requestId"}
    assert reply.json["requestId"] == reply.headers["X-Request-Id"]


def test_a_rejected_stripe_key_is_a_502_and_an_unreachable_stripe_a_503(client, tenant) -> None:
    body = {"productId": "mystique"}
    stripe_sandbox.fail_next(tenant, "500_before", times=9)
    reply = client.post(PRODUCT, json=body, headers=tenant.publishable | {"Idempotency-Key": "k"})
    assert (reply.status_code, reply.json["code"]) == (503, "STRIPE_UNAVAILABLE")
    assert int(reply.headers["Retry-After"]) > 0
    stripe_sandbox.clear_faults(tenant)
    again = client.post(PRODUCT, json=body, headers=tenant.publishable | {"Idempotency-Key": "k"})
    assert again.status_code == 200

    with atomic(tenant.id):
        stripe_accounts.set_keys(tenants.get(tenant.id), secret_key="sk_test_expired_one")
    reply = client.post(PRODUCT, json=body, headers=tenant.publishable)
    assert (reply.status_code, reply.json["code"]) == (502, "STRIPE_CONFIG_ERROR")


def test_a_key_reused_for_another_call_is_a_422_and_a_running_one_a_409(client, tenant) -> None:
    headers = tenant.publishable | {"Idempotency-Key": "k"}
    assert client.post(PRODUCT, json={"productId": "mystique"}, headers=headers).status_code == 200
    reply = client.post(PRODUCT, json={"productId": "strict"}, headers=headers)
    assert (reply.status_code, reply.json["code"]) == (422, "IDEMPOTENCY_MISMATCH")

    with atomic(tenant.id):
        later = datetime.now(UTC) + timedelta(seconds=60)
        db.session.execute(
            update(IdempotencyKey).values(reply_status=None, reply_sealed=None, leased_until=later)
        )
    reply = client.post(PRODUCT, json={"productId": "mystique"}, headers=headers)
    assert (reply.status_code, reply.json["code"]) == (409, "IDEMPOTENCY_IN_PROGRESS")
    assert int(reply.headers["Retry-After"]) > 0

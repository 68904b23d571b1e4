"""A card number is refused where it is entered, and hidden where it is received."""

import pytest
from sqlalchemy import select

from lumira.card_numbers import hide_card_numbers
from lumira.database import atomic, db
from lumira.domain.stripe.objects import read_buyer_email
from lumira.models import OrderNote, WebhookEvent
from lumira.services.orders.add_note import add_note
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import load_order, open_payment
from tests.support.stripe_events import deliver, event

pytestmark = pytest.mark.usefixtures("app_context")

CARD = "4242 4242 4242 4242"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("customerName", f"Jane {CARD}", "INVALID_REQUEST"),
        ("customerEmail", "4242424242424242@example.com", "INVALID_EMAIL"),
        ("metadata", {"note": CARD}, "INVALID_METADATA"),
        ("metadata", {CARD: "note"}, "INVALID_METADATA"),
    ],
)
def test_a_sale_with_a_card_number_is_refused_with_the_reason(client, tenant, field, value, code) -> None:
    body = {"productId": "mystique", "customerEmail": "buyer@example.com", field: value}

    reply = client.post("/api/products/create-payment-intent", json=body, headers=tenant.publishable)

    assert (reply.status_code, reply.json["code"]) == (400, code)
    assert "card number" in str(reply.json)


def test_an_idempotency_key_with_a_card_number_is_refused(client, tenant) -> None:
    reply = client.post(
        "/api/products/create-payment-intent",
        json={"productId": "mystique"},
        headers=tenant.publishable | {"Idempotency-Key": CARD},
    )

    assert (reply.status_code, reply.json["code"]) == (400, "INVALID_IDEMPOTENCY_KEY")


def test_a_request_id_that_is_a_card_number_is_replaced(client) -> None:
    sent = CARD.replace(" ", "")
    assert client.get("/healthz", headers={"X-Request-Id": sent}).headers["X-Request-Id"] != sent


def test_a_form_of_the_dashboard_with_a_card_number_changes_nothing_and_says_so(app, tenant) -> None:
    order = open_payment(tenant)
    browser = sign_in(app, make_operator(tenant))

    reply = browser.submit(
        f"/dashboard/{tenant.slug}/orders/{order.order_number}/notes", text=f"The buyer wrote: {CARD}"
    )

    assert reply.status_code == 400
    assert "A card number was entered" in reply.text
    with atomic(tenant.id):
        assert db.session.execute(select(OrderNote)).all() == []


def test_a_card_number_in_a_note_from_elsewhere_is_hidden(tenant) -> None:
    order = load_order(tenant, open_payment(tenant).order_number)

    add_note(tenant.id, order.id, f"The buyer wrote: {CARD}", actor="test")

    with atomic(tenant.id):
        assert (
            db.session.execute(select(OrderNote.text)).scalar_one() == "The buyer wrote: 4000 0000 0000 0000"
        )


def test_a_card_number_in_an_event_is_hidden_and_the_event_acts(tenant) -> None:
    sent = event(
        "customer.updated", {"id": "cus_1", "object": "customer", "name": CARD, "phone": 4242424242424242}
    )

    deliver(tenant, sent)

    with atomic(tenant.id):
        stored = db.session.execute(select(WebhookEvent)).scalar_one()
    assert stored.payload["data"]["object"]["name"] == "4000 0000 0000 0000"
    assert stored.payload["data"]["object"]["phone"] == 4000000000000000
    assert stored.status == "ignored"


@pytest.mark.parametrize("is_delivered", [True, False])
def test_an_address_that_is_a_card_number_gets_no_message(is_delivered) -> None:
    """Its hidden form would be a stranger's address."""
    typed = f"{CARD.replace(' ', '')}@example.com"
    charge = {
        "billing_details": {"email": hide_card_numbers(typed) if is_delivered else typed},
        "receipt_email": None,
    }

    assert read_buyer_email(charge) is None
    assert read_buyer_email({**charge, "receipt_email": "buyer@example.com"}) == "buyer@example.com"

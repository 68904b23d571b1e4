"""Sales of another shop on the same account, and the order in which events are delivered."""

import pytest

from tests.contract.sandbox_driver import event_types, intent_of


@pytest.mark.parametrize(
    ("outcome", "last_event"),
    [
        ("paid", "payment_intent.succeeded"),
        ("declined", "payment_intent.payment_failed"),
        ("refunded", "charge.refunded"),
        ("disputed", "charge.dispute.funds_withdrawn"),
        ("session_paid", "checkout.session.completed"),
        ("session_expired", "checkout.session.expired"),
    ],
)
def test_a_foreign_sale_has_the_events_of_a_sale(api, control, outcome, last_event):
    control.post("foreign_sales", outcome=outcome)
    assert event_types(api)[-1] == last_event


def test_a_foreign_payment_has_metadata_of_another_shape(api, control):
    sale = control.post("foreign_sales", outcome="refunded", amount=3000, currency="usd", reference="WC-7")
    intent = api.payment_intents.retrieve(sale["payment_intent"], {"expand": ["latest_charge"]})
    assert intent.metadata.to_dict() == {"order_id": "WC-7"}
    assert (intent.amount, intent.currency, intent.latest_charge.refunded) == (3000, "usd", True)
    assert sale["checkout_session"] is None


def test_a_foreign_session_has_its_own_order_number(api, control):
    sale = control.post("foreign_sales", outcome="session_expired", metadata={})
    session = api.checkout.sessions.retrieve(sale["checkout_session"])
    assert (session.status, session.client_reference_id) == ("expired", "10432")
    assert session.metadata.to_dict() == {}

    paid = control.post("foreign_sales", outcome="session_paid")
    session = api.checkout.sessions.retrieve(paid["checkout_session"])
    assert (session.payment_status, session.payment_intent) == ("paid", paid["payment_intent"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"outcome": "stolen"}, "`outcome` must be one of"),
        ({"amount": 1}, "Amount must be at least"),
        ({"metadata": {"a": 1}}, "Out of range: metadata"),
    ],
)
def test_an_invalid_foreign_sale_is_rejected(control_error, body, message):
    assert message in control_error("foreign_sales", **body)


def test_a_completed_session_can_be_delivered_before_its_debit_is_processing(
    *, api, control, open_session, pay_session, endpoint, receiver
):
    control.post("deliveries", withhold=["payment_intent.processing", "payment_intent.payment_failed"])
    session = open_session()
    assert pay_session(session, "pm_card_visa_chargeDeclined")["outcome"] == "declined"
    assert pay_session(session, "pm_success_de")["outcome"] == "completed"
    control.flush()
    types = [delivery.event["type"] for delivery in receiver.arrived]
    assert "checkout.session.completed" in types
    assert "payment_intent.processing" not in types

    control.post("deliveries")
    control.flush()
    types = [delivery.event["type"] for delivery in receiver.arrived]
    assert set(types[-2:]) == {"payment_intent.processing", "payment_intent.payment_failed"}
    assert len(types) == len(set(types)) + types.count("payment_intent.created") - 1
    control.post("advance", seconds=60)
    assert intent_of(api, session).status == "succeeded"


def test_deliveries_of_one_account_are_withheld_without_those_of_another(
    *, api, connect, sandbox_url, key, control, receiver, endpoint
):
    other = connect(sandbox_url, key + "_other")
    other.webhook_endpoints.create({"url": receiver.url + "/other", "enabled_events": ["*"]})
    control.post("deliveries", withhold=["customer.created"])
    api.customers.create({})
    customer = other.customers.create({})
    control.flush()
    type(control)(sandbox_url, key + "_other").flush()
    assert [delivery.event["data"]["object"]["id"] for delivery in receiver.arrived] == [customer.id]
    assert control.get("deliveries")["counts"]["pending"] == 1

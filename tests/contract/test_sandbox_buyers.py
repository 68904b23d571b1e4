"""What a buyer changes: the total or the currency of a payment, and the e-mail address typed in its form."""

import pytest

from tests.contract.sandbox_driver import intent_of


@pytest.mark.parametrize(
    ("changed", "amount", "currency"),
    [
        ({"amount_total": 5640}, 5640, "eur"),
        ({"amount_total": 4000}, 4000, "eur"),
        ({"currency": "usd"}, 4700, "usd"),
        ({"amount_total": 5500, "currency": "usd"}, 5500, "usd"),
    ],
)
def test_a_session_can_be_paid_with_another_total_or_currency(
    *, api, open_session, pay_session, changed, amount, currency
):
    session = open_session()
    pay_session(session, **changed)

    paid = api.checkout.sessions.retrieve(session.id)
    assert (paid.payment_status, paid.amount_total, paid.currency) == ("paid", amount, currency)
    assert paid.amount_subtotal == 4700
    details = paid.total_details
    assert 4700 + details.amount_tax - details.amount_discount == amount
    intent = intent_of(api, session)
    assert (intent.amount, intent.amount_received, intent.currency) == (amount, amount, currency)
    event = api.events.list({"type": "checkout.session.completed"}).data[0].data.object
    assert (event.amount_total, event.currency) == (amount, currency)


def test_a_session_discounted_to_zero_requires_no_payment(api, open_session, pay_session):
    session = open_session()
    pay_session(session, amount_total=0)
    completed = api.checkout.sessions.retrieve(session.id)
    assert (completed.status, completed.payment_status) == ("complete", "no_payment_required")
    assert (completed.amount_total, completed.payment_intent) == (0, None)


def test_the_total_can_change_after_a_declined_attempt(api, open_session, pay_session):
    session = open_session()
    assert pay_session(session, "pm_card_visa_chargeDeclined")["outcome"] == "declined"
    pay_session(session, amount_total=5640)
    assert intent_of(api, session).amount_received == 5640


def test_a_payment_intent_can_be_paid_with_another_amount_and_currency(*, api, open_intent, control):
    intent = open_intent(metadata={"orderNumber": "LUM-1"})
    result = control.post("payment_intents/pay", payment_intent=intent.id, amount=1680, currency="usd")
    assert result["outcome"] == "succeeded"

    paid = api.payment_intents.retrieve(intent.id)
    assert (paid.amount_received, paid.currency, paid.metadata.orderNumber) == (1680, "usd", "LUM-1")


def test_the_charge_has_the_address_that_the_buyer_typed(api, open_intent, control):
    intent = open_intent()
    control.post(
        "payment_intents/pay",
        payment_intent=intent.id,
        email="ada@example.com",
        name="Ada Lovelace",
        receipt_email="receipts@example.com",
    )
    paid = api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (paid.receipt_email, paid.latest_charge.receipt_email) == (
        "receipts@example.com",
        "receipts@example.com",
    )
    details = paid.latest_charge.billing_details
    assert (details.email, details.name) == ("ada@example.com", "Ada Lovelace")
    charge = api.events.list({"type": "charge.succeeded"}).data[0].data.object
    assert charge.billing_details.email == "ada@example.com"


def test_a_charge_without_a_typed_address_has_none(api, open_intent, control):
    intent = open_intent()
    control.post("payment_intents/pay", payment_intent=intent.id)
    charge = api.charges.retrieve(api.payment_intents.retrieve(intent.id).latest_charge)
    assert (charge.billing_details.email, charge.receipt_email) == (None, None)


def test_a_declined_attempt_leaves_the_payment_open(api, open_intent, control):
    intent = open_intent()
    sent = {"payment_intent": intent.id, "payment_method": "pm_card_visa_chargeDeclined"}
    declined = control.post("payment_intents/pay", **sent)
    assert (declined["outcome"], declined["error"]["code"]) == ("declined", "card_declined")
    assert api.payment_intents.retrieve(intent.id).status == "requires_payment_method"
    assert control.post("payment_intents/pay", payment_intent=intent.id)["outcome"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required param: payment_intent"),
        ({"payment_intent": "pi_unknown"}, "No such payment_intent"),
        ({"amount": 10}, "Amount must be at least"),
        ({"currency": "xyz"}, "Invalid currency"),
        ({"payment_method": "pm_unknown"}, "No such PaymentMethod"),
        ({"email": "no-address"}, "Invalid email address"),
    ],
)
def test_an_invalid_form_changes_nothing(*, api, open_intent, control_error, body, message):
    intent = open_intent()
    sent = {"payment_intent": intent.id, **body} if body else {}
    assert message in control_error("payment_intents/pay", **sent)
    assert api.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()


def test_a_paid_intent_cannot_be_paid_again(pay, control_error):
    assert "cannot be paid" in control_error("payment_intents/pay", payment_intent=pay().id)


def test_the_intent_of_a_session_is_paid_on_its_page_only(*, api, open_session, pay_session, control_error):
    session = open_session()
    pay_session(session, "pm_card_visa_chargeDeclined")
    intent = intent_of(api, session)
    assert "Pay the Checkout Session" in control_error("payment_intents/pay", payment_intent=intent.id)

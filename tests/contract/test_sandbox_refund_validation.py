"""Invalid refunds are rejected with Stripe's messages."""

import pytest
import stripe


@pytest.mark.parametrize(
    ("sent", "code", "param", "message"),
    [
        ({"amount": 0}, "parameter_invalid_integer", "amount", "Invalid positive integer"),
        ({"amount": -5}, "parameter_invalid_integer", "amount", "Invalid positive integer"),
        ({"reason": "bored"}, None, "reason", "must be one of duplicate, fraudulent"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata", "up to 40 characters"),
        ({"customer": "cus_1"}, None, "customer", "cash balance"),
        ({"colour": "red"}, "parameter_unknown", "colour", "unknown parameter"),
        ({"charge": "ch_other"}, None, "payment_intent", "only specify one"),
        ({"reverse_transfer": True}, None, "reverse_transfer", "associated transfer"),
    ],
)
def test_invalid_refund_parameters_are_rejected(*, api, pay, sent, code, param, message):
    intent = pay()
    with pytest.raises(stripe.InvalidRequestError, match=message) as raised:
        api.refunds.create({"payment_intent": intent.id, **sent})
    assert (raised.value.http_status, raised.value.code, raised.value.param) == (400, code, param)
    assert api.refunds.list().data == []


def test_a_refund_above_the_remaining_amount_is_rejected_with_stripes_message(pay, refund):
    intent = pay()
    refund(intent, amount=400)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        refund(intent, amount=1001)
    assert str(raised.value.user_message) == (
        "Refund amount (€10.01) is greater than unrefunded amount on charge (€10.00)"
    )
    assert (raised.value.http_status, raised.value.code, raised.value.param) == (400, None, "amount")


def test_a_second_full_refund_is_rejected(pay, refund):
    intent = pay()
    refund(intent)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        refund(intent)
    assert (raised.value.http_status, raised.value.code) == (400, "charge_already_refunded")
    assert raised.value.user_message == f"Charge {intent.latest_charge} has already been refunded."


def test_a_rejected_refund_is_replayed_under_its_idempotency_key(api, pay, refund, control):
    intent = pay("pm_card_refundFail")
    refund(intent)
    sent = {"payment_intent": intent.id}, {"idempotency_key": "refund-2"}
    with pytest.raises(stripe.InvalidRequestError):
        api.refunds.create(*sent)
    control.post("advance", seconds=5)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.refunds.create(*sent)
    assert raised.value.code == "charge_already_refunded"


def test_only_a_captured_payment_can_be_refunded(api, open_intent, refund, sepa):
    unpaid = open_intent()
    authorized = api.payment_intents.confirm(
        open_intent(capture_method="manual").id,
        {"payment_method": "pm_card_visa", "return_url": "https://shop.example/"},
    )
    processing = api.payment_intents.confirm(open_intent().id, sepa("DE08370400440532013003"))
    for intent in (unpaid, authorized, processing):
        with pytest.raises(stripe.InvalidRequestError, match="does not have a successful charge to refund"):
            refund(intent)


@pytest.mark.parametrize(
    ("sent", "status", "code", "param"),
    [
        ({"charge": "ch_none"}, 404, "resource_missing", "id"),
        ({"payment_intent": "pi_none"}, 400, "resource_missing", "payment_intent"),
        ({}, 400, "parameter_missing", None),
    ],
)
def test_a_refund_requires_an_existing_payment(*, api, sent, status, code, param):
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.refunds.create(sent)
    assert (raised.value.http_status, raised.value.code, raised.value.param) == (status, code, param)

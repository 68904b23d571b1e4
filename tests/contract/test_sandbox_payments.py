"""The life of a PaymentIntent."""

import threading

import pytest
import requests
import stripe

from tests.contract.sandbox_driver import event_types_of

RETURN_URL = "https://shop.example/thanks"


def test_a_confirmed_card_is_charged_with_events_in_stripes_order(api, pay):
    intent = pay(metadata={"orderNumber": "LUM-1"})

    charge = api.charges.retrieve(intent.latest_charge)
    assert (intent.status, intent.amount_received) == ("succeeded", 1400)
    assert (charge.status, charge.paid, charge.captured, charge.amount_captured) == (
        "succeeded",
        True,
        True,
        1400,
    )
    assert charge.payment_method_details.card.last4 == "4242"
    assert event_types_of(api, intent) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_a_payment_intent_can_be_confirmed_at_creation(api):
    intent = api.payment_intents.create(
        {
            "amount": 1400,
            "currency": "eur",
            "confirm": True,
            "payment_method": "pm_card_mastercard",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
            "expand": ["latest_charge", "payment_method"],
        }
    )
    assert intent.status == "succeeded"
    assert intent.latest_charge.payment_method_details.card.brand == "mastercard"
    assert intent.payment_method.type == "card"


def test_a_charge_has_the_metadata_of_its_intent_at_confirmation(api, pay):
    intent = pay(metadata={"orderNumber": "LUM-1"})
    api.payment_intents.update(intent.id, {"metadata": {"orderNumber": "LUM-2"}})

    charge = api.charges.list({"payment_intent": intent.id}).data[0]
    assert charge.metadata.to_dict() == {"orderNumber": "LUM-1"}


@pytest.mark.parametrize(
    ("method", "code", "decline_code"),
    [
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None),
    ],
)
def test_a_declined_card_is_a_402_and_a_failed_charge(api, open_intent, method, code, decline_code):
    intent = open_intent()
    with pytest.raises(stripe.CardError) as raised:
        api.payment_intents.confirm(intent.id, {"payment_method": method, "return_url": RETURN_URL})

    error = raised.value
    assert (error.http_status, error.code, getattr(error.error, "decline_code", None)) == (
        402,
        code,
        decline_code,
    )
    assert error.error.payment_intent.status == "requires_payment_method"
    after = api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (after.status, after.payment_method) == ("requires_payment_method", None)
    assert after.last_payment_error.code == code
    assert after.last_payment_error.charge == after.latest_charge.id
    assert (after.latest_charge.status, after.latest_charge.failure_code) == ("failed", code)
    assert event_types_of(api, intent)[1:] == ["charge.failed", "payment_intent.payment_failed"]


def test_after_a_decline_the_same_intent_can_still_be_paid(api, open_intent):
    intent = open_intent()
    with pytest.raises(stripe.CardError):
        api.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL}
        )
    paid = api.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL}
    )

    assert (paid.status, paid.last_payment_error) == ("succeeded", None)
    assert [charge.status for charge in api.charges.list({"payment_intent": intent.id})] == [
        "succeeded",
        "failed",
    ]


def test_an_update_clears_the_last_payment_error(api, open_intent):
    intent = open_intent()
    with pytest.raises(stripe.CardError):
        api.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL}
        )
    assert api.payment_intents.update(intent.id, {"description": "x"}).last_payment_error is None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("4000000000000002", "card_declined"),
        ("4000000000009995", "card_declined"),
        ("4000000000009987", "card_declined"),
        ("4000000000000069", "expired_card"),
        ("4000000000000127", "incorrect_cvc"),
        ("4000000000000119", "processing_error"),
        ("4242424242424241", "incorrect_number"),
    ],
)
def test_test_numbers_decline_as_stripe_documents(api, open_intent, number, code):
    card = {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}

    def buy():
        method = api.payment_methods.create({"type": "card", "card": card})
        api.payment_intents.confirm(open_intent().id, {"payment_method": method.id, "return_url": RETURN_URL})

    with pytest.raises(stripe.CardError) as raised:
        buy()
    assert raised.value.code == code


def test_a_payment_method_from_a_card_number_or_token_pays(api, open_intent):
    for card in ({"number": "4242424242424242", "exp_month": 1, "exp_year": 2034}, {"token": "tok_visa"}):
        method = api.payment_methods.create({"type": "card", "card": card})
        assert "number" not in method.card.to_dict()
        paid = api.payment_intents.confirm(
            open_intent().id, {"payment_method": method.id, "return_url": RETURN_URL}
        )
        assert paid.status == "succeeded"


@pytest.mark.parametrize("method", ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"])
def test_the_card_is_charged_after_authentication_on_a_page(api, pay, method):
    intent = pay(method)
    assert (intent.status, intent.latest_charge) == ("requires_action", None)
    assert intent.next_action.type == "redirect_to_url"

    page = requests.get(intent.next_action.redirect_to_url.url, timeout=10)
    assert "Authorize" in page.text
    assert "Fail" in page.text
    back = requests.post(
        intent.next_action.redirect_to_url.url,
        data={"outcome": "authorize"},
        allow_redirects=False,
        timeout=10,
    )

    assert back.status_code == 303
    assert back.headers["Location"].startswith(f"{RETURN_URL}?payment_intent={intent.id}&")
    assert "redirect_status=succeeded" in back.headers["Location"]
    after = api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (after.status, after.next_action) == ("succeeded", None)
    assert after.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"
    assert event_types_of(api, intent)[1] == "payment_intent.requires_action"


def test_failed_authentication_requires_another_payment_method(api, pay):
    intent = pay("pm_card_authenticationRequired")
    back = requests.post(
        intent.next_action.redirect_to_url.url, data={"outcome": "fail"}, allow_redirects=False, timeout=10
    )

    assert "redirect_status=failed" in back.headers["Location"]
    after = api.payment_intents.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error.code == "payment_intent_authentication_failure"


def test_the_authentication_page_requires_the_client_secret(api, pay):
    url = pay("pm_card_authenticationRequired").next_action.redirect_to_url.url
    assert requests.get(url.partition("?")[0], timeout=10).status_code == 404
    assert requests.post(url, data={"outcome": "<script>"}, timeout=10).status_code == 400


def test_off_session_authentication_is_a_decline(api):
    with pytest.raises(stripe.CardError) as raised:
        api.payment_intents.create(
            {
                "amount": 1400, "currency": "eur", "confirm": True, "off_session": True,
                "payment_method": "pm_card_authenticationRequired", "return_url": RETURN_URL,
            }
        )  # fmt: skip
    assert raised.value.code == "authentication_required"


def test_a_canceled_intent_keeps_its_reason_and_cannot_be_confirmed(api, open_intent):
    intent = api.payment_intents.cancel(open_intent().id, {"cancellation_reason": "abandoned"})
    assert (intent.status, intent.cancellation_reason) == ("canceled", "abandoned")
    assert intent.canceled_at is not None
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa", "return_url": RETURN_URL})
    assert raised.value.code == "payment_intent_unexpected_state"
    assert event_types_of(api, intent) == ["payment_intent.created", "payment_intent.canceled"]


def test_a_paid_intent_can_be_neither_canceled_nor_changed_nor_paid_again(api, pay):
    intent = pay()
    for call in (
        lambda: api.payment_intents.cancel(intent.id),
        lambda: api.payment_intents.update(intent.id, {"amount": 1500}),
        lambda: api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            call()
        assert (raised.value.http_status, raised.value.code) == (400, "payment_intent_unexpected_state")
        assert raised.value.error.payment_intent.id == intent.id


def test_confirmation_requires_a_payment_method_and_a_return_url(api, open_intent):
    intent = open_intent()
    with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
        api.payment_intents.confirm(intent.id, {"return_url": RETURN_URL})
    with pytest.raises(stripe.InvalidRequestError, match="you must provide a `return_url`"):
        api.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})


def test_an_attached_method_makes_the_intent_ready_to_confirm(api, open_intent):
    intent = api.payment_intents.update(open_intent().id, {"payment_method": "pm_card_visa"})
    assert intent.status == "requires_confirmation"
    assert api.payment_intents.confirm(intent.id, {"return_url": RETURN_URL}).status == "succeeded"


def test_manual_capture_charges_part_of_the_authorized_amount(api, pay):
    intent = pay(capture_method="manual")
    assert (intent.status, intent.amount_capturable, intent.amount_received) == ("requires_capture", 1400, 0)
    captured = api.payment_intents.capture(intent.id, {"amount_to_capture": 1000})
    assert (captured.status, captured.amount_received) == ("succeeded", 1000)


def test_a_payment_method_without_a_customer_pays_once(api, pay, open_intent):
    used = pay().payment_method
    with pytest.raises(stripe.InvalidRequestError, match="It may not be used again"):
        api.payment_intents.confirm(open_intent().id, {"payment_method": used, "return_url": RETURN_URL})


def test_concurrent_confirmations_charge_once(api, open_intent):
    intent, outcomes = open_intent(), []

    def confirm():
        try:
            sent = {"payment_method": "pm_card_visa", "return_url": RETURN_URL}
            outcomes.append(api.payment_intents.confirm(intent.id, sent).status)
        except stripe.InvalidRequestError as raised:
            outcomes.append(raised.code)

    threads = [threading.Thread(target=confirm) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["payment_intent_unexpected_state"] * 5 + ["succeeded"]
    assert len(api.charges.list({"payment_intent": intent.id}).data) == 1

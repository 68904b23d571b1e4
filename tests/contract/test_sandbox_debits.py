"""Delayed payments: processing first, the bank's result later."""

import pytest
import stripe

from tests.contract.sandbox_driver import event_types_of, eventually


@pytest.mark.parametrize(
    ("iban", "status", "event_types"),
    [
        ("DE89370400440532013000", "succeeded", ["charge.succeeded", "payment_intent.succeeded"]),
        (
            "DE62370400440532013001",
            "requires_payment_method",
            ["charge.failed", "payment_intent.payment_failed"],
        ),
    ],
)
def test_a_direct_debit_is_processing_until_the_bank_confirms_or_rejects_it(
    *, api, open_intent, control, sepa, iban, status, event_types
):
    control.post("settings", delay_ms=60_000)
    intent = api.payment_intents.confirm(open_intent().id, sepa(iban))
    assert intent.status == "processing"
    assert api.charges.retrieve(intent.latest_charge).status == "pending"

    assert control.post("advance", seconds=61)["tasks_run"] == 1

    after = api.payment_intents.retrieve(intent.id)
    assert (after.status, after.latest_charge) == (status, intent.latest_charge)
    assert event_types_of(api, intent) == [
        "payment_intent.created", "charge.pending", "payment_intent.processing", *event_types,
    ]  # fmt: skip


def test_a_direct_debit_succeeds_after_its_delay(api, open_intent, control, sepa):
    control.post("settings", delay_ms=20)
    intent = api.payment_intents.confirm(open_intent().id, sepa("DE89370400440532013000"))
    eventually(lambda: api.payment_intents.retrieve(intent.id).status == "succeeded")


def test_slow_debits_succeed_after_minutes(api, open_intent, control, sepa):
    intent = api.payment_intents.confirm(open_intent().id, sepa("DE08370400440532013003"))
    control.post("advance", seconds=60)
    assert api.payment_intents.retrieve(intent.id).status == "processing"
    control.post("advance", seconds=130)
    assert api.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_payment_in_progress_cannot_be_canceled_or_paid_again(api, open_intent, sepa):
    intent = api.payment_intents.confirm(open_intent().id, sepa("DE08370400440532013003"))
    for call in (api.payment_intents.cancel, api.payment_intents.confirm):
        with pytest.raises(stripe.InvalidRequestError) as raised:
            call(intent.id)
        assert raised.value.code == "payment_intent_unexpected_state"


def test_a_direct_debit_in_another_currency_is_rejected(api, sepa):
    intent = api.payment_intents.create({"amount": 1400, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError, match="supports only the following currencies: eur"):
        api.payment_intents.confirm(intent.id, sepa("DE89370400440532013000"))

"""Early fraud warnings: created by the card's issuer, and actionable until the charge is refunded or disputed."""

import pytest
import stripe

from tests.contract.sandbox_driver import event_types_of
from tests.contract.test_sandbox_shapes import declared

CREATED, UPDATED = "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"


def warnings_of(api, intent):
    return api.radar.early_fraud_warnings.list({"payment_intent": intent.id}).data


def test_a_payment_with_the_test_card_succeeds_and_is_reported_later(api, pay, control):
    intent = pay("pm_card_createIssuerFraudRecord")
    assert (intent.status, warnings_of(api, intent)) == ("succeeded", [])
    control.post("advance", seconds=5)

    [warning] = warnings_of(api, intent)
    assert declared(stripe.radar.EarlyFraudWarning) == set(warning.to_dict())
    assert (warning.charge, warning.actionable, warning.fraud_type) == (intent.latest_charge, True, "misc")
    assert warning.id.startswith("issfr_")
    assert api.radar.early_fraud_warnings.retrieve(warning.id).to_dict() == warning.to_dict()
    event = api.events.list({"type": CREATED}).data[0]
    assert event.data.object.to_dict() == warning.to_dict()


def test_a_full_refund_ends_a_warning_and_a_part_does_not(api, pay, control):
    intent = pay()
    control.post("fraud_warnings", payment_intent=intent.id, fraud_type="made_with_stolen_card")
    api.refunds.create({"payment_intent": intent.id, "amount": 400})
    assert warnings_of(api, intent)[0].actionable
    api.refunds.create({"payment_intent": intent.id})

    [warning] = warnings_of(api, intent)
    assert (warning.actionable, warning.fraud_type) == (False, "made_with_stolen_card")
    types = [name for name in event_types_of(api, intent) if name in (CREATED, UPDATED)]
    assert types == [CREATED, UPDATED]


def test_a_dispute_ends_a_warning_and_a_later_one_is_not_actionable(api, pay, control):
    intent = pay()
    control.post("fraud_warnings", payment_intent=intent.id)
    control.post("disputes", payment_intent=intent.id)
    control.post("fraud_warnings", payment_intent=intent.id)
    assert [warning.actionable for warning in warnings_of(api, intent)] == [False, False]


def test_only_successful_payments_by_card_are_reported_and_parameters_are_checked(
    api, pay, open_intent, control, sepa
):
    debit = api.payment_intents.confirm(open_intent().id, sepa("DE89370400440532013000"))
    control.post("advance", seconds=60)
    wrong = [{"payment_intent": debit.id}, {"payment_intent": pay().id, "fraud_type": "rude"}]
    assert [control.send("POST", "fraud_warnings", sent)[0] for sent in wrong] == [400, 400]
    with pytest.raises(stripe.InvalidRequestError):
        api.radar.early_fraud_warnings.list({"customer": "cus_1"})

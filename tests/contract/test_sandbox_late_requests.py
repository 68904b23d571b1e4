"""A request that fails with 500 and that Stripe finishes later."""

import pytest
import stripe

from tests.contract.sandbox_driver import event_types


@pytest.fixture
def fail_refund(api, control):
    """Create a refund that fails with 500 and is finished a minute later."""

    def build(intent, key, **more):
        control.post(
            "faults",
            queued=[{"fault": "500_later", "method": "POST", "path": "/v1/refunds", "ms": 60_000}],
        )
        sent = {"payment_intent": intent.id, **more}
        with pytest.raises(stripe.APIError) as raised:
            api.refunds.create(sent, {"idempotency_key": key})
        assert raised.value.http_status == 500
        return sent

    return build


def test_the_refund_of_a_failed_request_appears_later_with_its_events(*, api, pay, control, fail_refund):
    intent = pay()
    before = event_types(api)
    fail_refund(intent, "refund-1", amount=400, metadata={"request": "r-1"})
    assert api.refunds.list({"payment_intent": intent.id}).data == []
    assert event_types(api) == before

    control.post("advance", seconds=61)
    (refund,) = api.refunds.list({"payment_intent": intent.id}).data
    assert (refund.amount, refund.status, refund.metadata.request) == (400, "succeeded", "r-1")
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 400
    created = api.events.list({"type": "refund.created"}).data[0]
    assert created.request.idempotency_key == "refund-1"
    assert created.data.object.id == refund.id


def test_the_same_key_returns_the_stored_500_for_a_day_even_after_the_refund_appeared(
    *, api, pay, control, fail_refund
):
    options = {"idempotency_key": "refund-1"}
    sent = fail_refund(pay(), "refund-1", amount=400)
    for seconds in (0, 61, 23 * 3600):
        control.post("advance", seconds=seconds)
        with pytest.raises(stripe.APIError) as raised:
            api.refunds.create(sent, options)
        assert raised.value.headers["Idempotent-Replayed"] == "true"
    assert len(api.refunds.list().data) == 1

    control.post("advance", seconds=3600)
    assert api.refunds.create(sent, options).status == "succeeded"


def test_a_new_key_creates_another_refund(*, api, pay, control, fail_refund):
    intent = pay()
    sent = fail_refund(intent, "refund-1", amount=400)
    api.refunds.create(sent, {"idempotency_key": "refund-2"})
    control.post("advance", seconds=61)
    assert [refund.amount for refund in api.refunds.list().data] == [400, 400]
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 800


def test_a_request_that_can_no_longer_be_executed_changes_nothing(*, api, pay, control, fail_refund):
    intent = pay()
    fail_refund(intent, "refund-1")
    refund = api.refunds.create({"payment_intent": intent.id})
    control.post("advance", seconds=61)
    assert [one.id for one in api.refunds.list().data] == [refund.id]


def test_an_invalid_request_is_rejected_instead_of_deferred(*, api, pay, control):
    intent = pay()
    control.post("faults", queued=[{"fault": "500_later"}])
    with pytest.raises(stripe.InvalidRequestError, match="greater than"):
        api.refunds.create({"payment_intent": intent.id, "amount": 1401})


def test_other_requests_can_be_finished_later_too(api, control):
    control.post("faults", queued=[{"fault": "500_later", "ms": 60_000}])
    with pytest.raises(stripe.APIError):
        api.payment_intents.create(
            {"amount": 1400, "currency": "eur", "metadata": {"orderNumber": "LUM-1"}, "expand": ["customer"]}
        )
    control.post("advance", seconds=61)
    (intent,) = api.payment_intents.list().data
    assert intent.metadata.orderNumber == "LUM-1"


@pytest.mark.parametrize("outcome", ["failed", "canceled"])
def test_a_refund_that_succeeded_can_still_fail_or_be_canceled(*, api, pay, control, outcome):
    intent = pay()
    refund = api.refunds.create({"payment_intent": intent.id})
    assert refund.status == "succeeded"
    ended = control.post("refunds/finish", refund=refund.id, outcome=outcome)
    assert ended["status"] == outcome
    assert ended["failure_balance_transaction"].startswith("txn_")
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == 0
    updated = api.events.list({"type": "refund.updated"}).data[0]
    assert updated.data.previous_attributes.status == "succeeded"
    assert ("refund.failed" in event_types(api)) == (outcome == "failed")

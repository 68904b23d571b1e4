"""Refunds: creation, outcomes and their effect on the charge."""

import threading

import pytest
import stripe

from tests.contract.sandbox_driver import event_types_of

CREATED = ["refund.created", "charge.refunded"]
CHANGED = ["refund.updated", "charge.refund.updated"]


@pytest.fixture
def charge_of(api):
    def read(intent):
        return api.charges.retrieve(intent.latest_charge)

    return read


@pytest.fixture
def event_types(api):
    """Return the types of the events about an intent's refunds since it was paid."""

    def read(intent):
        types = event_types_of(api, intent)
        since = types[types.index("payment_intent.succeeded") + 1 :]
        return [name for name in since if name != "charge.updated"]

    return read


def test_a_card_refund_succeeds_at_once_with_events_in_stripes_order(
    api, pay, refund, charge_of, event_types
):
    intent = pay(metadata={"orderNumber": "LUM-1"})
    created = refund(intent, reason="requested_by_customer")

    assert (created.status, created.amount, created.charge, created.payment_intent, created.reason) == (
        "succeeded", 1400, intent.latest_charge, intent.id, "requested_by_customer",
    )  # fmt: skip
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded, charge.status) == (1400, True, "succeeded")
    after = api.payment_intents.retrieve(intent.id)
    assert (after.status, after.amount_received) == ("succeeded", 1400)
    assert event_types(intent) == CREATED


def test_a_refund_has_its_own_metadata(api, pay, refund):
    intent = pay(metadata={"orderNumber": "LUM-1"})
    assert refund(intent, amount=100).metadata.to_dict() == {}
    own = refund(intent, amount=100, metadata={"by": "ada"})
    changed = api.refunds.update(own.id, {"metadata": {"by": "", "why": "late"}})
    assert changed.metadata.to_dict() == {"why": "late"}
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert event.data.previous_attributes.to_dict() == {"metadata": {"by": "ada", "why": None}}


def test_partial_refunds_add_up_on_the_charge(api, pay, refund, charge_of):
    intent = pay()
    refund(intent, amount=400)
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded) == (400, False)
    assert refund(intent).amount == 1000
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded) == (1400, True)

    last, first = api.events.list({"type": "charge.refunded"}).data
    assert first.data.previous_attributes.to_dict() == {"amount_refunded": 0}
    assert last.data.previous_attributes.to_dict() == {"amount_refunded": 400, "refunded": False}
    assert last.data.object.amount_refunded == 1400
    assert "refunds" not in last.data.object


def test_a_card_refund_gets_its_reference_later(api, pay, refund, control, event_types):
    intent = pay()
    created = refund(intent)
    assert created.destination_details.card.reference_status == "pending"
    control.post("advance", seconds=5)

    details = api.refunds.retrieve(created.id).destination_details.card
    assert (details.reference_status, len(details.reference)) == ("available", 16)
    assert event_types(intent) == CREATED + CHANGED
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert list(event.data.previous_attributes.to_dict()) == ["destination_details"]
    assert event.request.id is None


@pytest.mark.parametrize("method", ["pm_card_pendingRefund", "pm_success_de"])
def test_a_refund_can_be_pending_before_it_succeeds(
    *, api, pay, open_intent, refund, charge_of, control, event_types, sepa, method
):
    control.post("settings", delay_ms=60_000)
    if method.startswith("pm_card"):
        intent = pay(method)
    else:
        intent = api.payment_intents.confirm(open_intent().id, sepa("DE89370400440532013000"))
        control.post("advance", seconds=61)
    created = refund(intent)
    assert (created.status, created.pending_reason) == ("pending", "processing")
    assert charge_of(intent).amount_refunded == 1400

    control.post("advance", seconds=61)
    assert api.refunds.retrieve(created.id).status == "succeeded"
    assert event_types(intent) == CREATED + CHANGED
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert event.data.previous_attributes.status == "pending"


def test_a_refund_can_fail_after_it_succeeded(*, api, pay, refund, charge_of, control, event_types):
    intent = pay("pm_card_refundFail")
    created = refund(intent, amount=1400)
    assert (created.status, charge_of(intent).refunded) == ("succeeded", True)
    control.post("advance", seconds=5)

    failed = api.refunds.retrieve(created.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction.startswith("txn_")
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert event_types(intent) == [*CREATED, *CHANGED, "refund.failed"]
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert event.data.previous_attributes.to_dict() == {
        "failure_balance_transaction": None,
        "failure_reason": None,
        "status": "succeeded",
    }
    assert refund(intent).amount == 1400


def test_a_card_number_has_the_same_refund_outcome_as_its_test_name(api, open_intent, refund, control):
    method = api.payment_methods.create(
        {"type": "card", "card": {"number": "4000000000005126", "exp_month": 12, "exp_year": 2034}}
    )
    intent = api.payment_intents.confirm(
        open_intent().id, {"payment_method": method.id, "return_url": "https://shop.example/"}
    )
    created = refund(intent)
    control.post("advance", seconds=5)
    assert api.refunds.retrieve(created.id).status == "failed"


def test_only_a_refund_that_requires_action_can_be_canceled(api, pay, control, charge_of, event_types):
    intent = pay()
    pending = control.post("refunds", payment_intent=intent.id, status="requires_action")
    canceled = api.refunds.cancel(pending["id"])
    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert charge_of(intent).amount_refunded == 0
    assert event_types(intent) == CREATED + CHANGED

    done = api.refunds.create({"charge": intent.latest_charge})
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        api.refunds.cancel(done.id)


def test_a_fraudulent_refund_marks_the_charge(pay, refund, charge_of):
    intent = pay()
    refund(intent, reason="fraudulent")
    assert charge_of(intent).fraud_details.user_report == "fraudulent"


def test_the_uncaptured_amount_cannot_be_refunded(api, open_intent, refund, charge_of):
    intent = open_intent(capture_method="manual")
    api.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.example/"}
    )
    intent = api.payment_intents.capture(intent.id, {"amount_to_capture": 900})
    assert refund(intent).amount == 900
    assert charge_of(intent).refunded is True


def test_refunds_of_another_account_are_not_found(api, pay, refund, connect, sandbox_url):
    created = refund(pay())
    other = connect(sandbox_url, "sk_test_other_account")
    with pytest.raises(stripe.InvalidRequestError, match="No such refund"):
        other.refunds.retrieve(created.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such charge"):
        other.refunds.create({"charge": created.charge})


def test_concurrent_refunds_never_exceed_the_charge(api, pay, charge_of):
    intent = pay()
    rejection = []

    def try_once():
        try:
            api.refunds.create({"charge": intent.latest_charge, "amount": 300})
        except stripe.InvalidRequestError as raised:
            rejection.append(raised)

    threads = [threading.Thread(target=try_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rejection) == 4
    assert charge_of(intent).amount_refunded == 1200


def test_refunds_are_listed_by_charge_and_payment_intent(api, pay, refund):
    first, second = pay(), pay()
    partial, rest, other = refund(first, amount=400), refund(first), refund(second)
    listed = api.refunds.list
    assert [one.id for one in listed({"payment_intent": first.id})] == [rest.id, partial.id]
    assert [one.id for one in listed({"charge": second.latest_charge})] == [other.id]
    assert [one.id for one in listed({"limit": 1}).auto_paging_iter()] == [other.id, rest.id, partial.id]
    assert [one.id for one in listed({"starting_after": rest.id})] == [partial.id]
    assert listed({"created": {"gt": other.created}}).data == []


def test_a_refund_includes_its_payment_when_expanded(api, pay, refund):
    created = refund(pay(), expand=["charge", "payment_intent"])
    assert created.charge.amount_refunded == 1400
    assert created.payment_intent.status == "succeeded"


def test_a_publishable_key_cannot_refund(connect, sandbox_url, name, pay):
    intent = pay()
    with pytest.raises(stripe.PermissionError):
        connect(sandbox_url, f"pk_test_{name}").refunds.create({"payment_intent": intent.id})


def test_a_retry_after_a_lost_response_refunds_once(api, pay, control, charge_of):
    intent = pay()
    sent = {"payment_intent": intent.id, "amount": 400}, {"idempotency_key": "refund-1"}
    control.post("faults", queued=[{"fault": "drop_after", "path": "/v1/refunds"}])
    with pytest.raises(stripe.APIConnectionError):
        api.refunds.create(*sent)
    assert api.refunds.create(*sent).amount == 400
    assert charge_of(intent).amount_refunded == 400


def test_a_charge_has_no_receipt_url(pay, charge_of):
    assert charge_of(pay()).receipt_url is None

"""Refunds: how they begin, how they end, what moves with them."""

import threading

import pytest
import stripe

from tests.contract.sandbox_driver import told_of

CREATED = ["refund.created", "charge.refunded"]
CHANGED = ["refund.updated", "charge.refund.updated"]


@pytest.fixture
def charge_of(api):
    def read(intent):
        return api.charges.retrieve(intent.latest_charge)

    return read


@pytest.fixture
def told(api):
    """The types of the events about an intent since it was paid."""

    def read(intent):
        types = told_of(api, intent)
        return types[types.index("payment_intent.succeeded") + 1 :]

    return read


def test_a_card_is_refunded_at_once_and_told_in_stripes_order(api, pay, refund, charge_of, told):
    intent = pay(metadata={"orderNumber": "LUM-1"})
    made = refund(intent, reason="requested_by_customer")

    assert (made.status, made.amount, made.charge, made.payment_intent, made.reason) == (
        "succeeded", 1400, intent.latest_charge, intent.id, "requested_by_customer",
    )  # fmt: skip
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded, charge.status) == (1400, True, "succeeded")
    after = api.payment_intents.retrieve(intent.id)
    assert (after.status, after.amount_received) == ("succeeded", 1400)
    assert told(intent) == CREATED


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


def test_a_card_refund_learns_its_reference_later(api, pay, refund, control, told):
    intent = pay()
    made = refund(intent)
    assert made.destination_details.card.reference_status == "pending"
    control.post("advance", seconds=5)

    details = api.refunds.retrieve(made.id).destination_details.card
    assert (details.reference_status, len(details.reference)) == ("available", 16)
    assert told(intent) == CREATED + CHANGED
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert list(event.data.previous_attributes.to_dict()) == ["destination_details"]
    assert event.request.id is None


@pytest.mark.parametrize("method", ["pm_card_pendingRefund", "pm_success_de"])
def test_a_refund_may_wait_before_it_succeeds(
    *, api, pay, open_intent, refund, charge_of, control, told, sepa, method
):
    control.post("settings", delay_ms=60_000)
    if method.startswith("pm_card"):
        intent = pay(method)
    else:
        intent = api.payment_intents.confirm(open_intent().id, sepa("DE89370400440532013000"))
        control.post("advance", seconds=61)
    made = refund(intent)
    assert (made.status, made.pending_reason) == ("pending", "processing")
    assert charge_of(intent).amount_refunded == 1400

    control.post("advance", seconds=61)
    assert api.refunds.retrieve(made.id).status == "succeeded"
    assert told(intent) == CREATED + CHANGED
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert event.data.previous_attributes.status == "pending"


def test_a_refund_may_fail_after_it_seemed_to_succeed(*, api, pay, refund, charge_of, control, told):
    intent = pay("pm_card_refundFail")
    made = refund(intent, amount=1400)
    assert (made.status, charge_of(intent).refunded) == ("succeeded", True)
    control.post("advance", seconds=5)

    failed = api.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction.startswith("txn_")
    charge = charge_of(intent)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert told(intent) == [*CREATED, *CHANGED, "refund.failed"]
    event = api.events.list({"type": "refund.updated"}).data[0]
    assert event.data.previous_attributes.to_dict() == {
        "failure_balance_transaction": None,
        "failure_reason": None,
        "status": "succeeded",
    }
    assert refund(intent).amount == 1400


def test_the_card_number_decides_like_the_name(api, open_intent, refund, control):
    method = api.payment_methods.create(
        {"type": "card", "card": {"number": "4000000000005126", "exp_month": 12, "exp_year": 2034}}
    )
    intent = api.payment_intents.confirm(
        open_intent().id, {"payment_method": method.id, "return_url": "https://shop.example/"}
    )
    made = refund(intent)
    control.post("advance", seconds=5)
    assert api.refunds.retrieve(made.id).status == "failed"


def test_only_a_refund_that_waits_for_the_buyer_can_be_canceled(api, pay, control, charge_of, told):
    intent = pay()
    waiting = control.post("refunds", payment_intent=intent.id, status="requires_action")
    canceled = api.refunds.cancel(waiting["id"])
    assert (canceled.status, canceled.failure_reason) == ("canceled", "merchant_request")
    assert charge_of(intent).amount_refunded == 0
    assert told(intent) == CREATED + CHANGED

    done = api.refunds.create({"charge": intent.latest_charge})
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        api.refunds.cancel(done.id)


def test_a_fraudulent_refund_marks_the_charge(pay, refund, charge_of):
    intent = pay()
    refund(intent, reason="fraudulent")
    assert charge_of(intent).fraud_details.user_report == "fraudulent"


def test_what_a_partial_capture_released_is_not_refunded_again(api, open_intent, refund, charge_of):
    intent = open_intent(capture_method="manual")
    api.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa", "return_url": "https://shop.example/"}
    )
    intent = api.payment_intents.capture(intent.id, {"amount_to_capture": 900})
    assert refund(intent).amount == 900
    assert charge_of(intent).refunded is True


def test_refunds_of_another_account_are_not_there(api, pay, refund, connect, sandbox_url):
    made = refund(pay())
    other = connect(sandbox_url, "sk_test_somebody_else")
    with pytest.raises(stripe.InvalidRequestError, match="No such refund"):
        other.refunds.retrieve(made.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such charge"):
        other.refunds.create({"charge": made.charge})


def test_refunds_at_the_same_moment_never_exceed_the_charge(api, pay, charge_of):
    intent = pay()
    refused = []

    def try_once():
        try:
            api.refunds.create({"charge": intent.latest_charge, "amount": 300})
        except stripe.InvalidRequestError as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=try_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert charge_of(intent).amount_refunded == 1200


def test_refunds_are_listed_by_what_they_refund(api, pay, refund):
    first, second = pay(), pay()
    partial, rest, other = refund(first, amount=400), refund(first), refund(second)
    listed = api.refunds.list
    assert [one.id for one in listed({"payment_intent": first.id})] == [rest.id, partial.id]
    assert [one.id for one in listed({"charge": second.latest_charge})] == [other.id]
    assert [one.id for one in listed({"limit": 1}).auto_paging_iter()] == [other.id, rest.id, partial.id]
    assert [one.id for one in listed({"starting_after": rest.id})] == [partial.id]
    assert listed({"created": {"gt": other.created}}).data == []


def test_a_refund_shows_its_payment_when_asked(api, pay, refund):
    made = refund(pay(), expand=["charge", "payment_intent"])
    assert made.charge.amount_refunded == 1400
    assert made.payment_intent.status == "succeeded"


def test_a_publishable_key_refunds_nothing(connect, sandbox_url, name, pay):
    intent = pay()
    with pytest.raises(stripe.PermissionError):
        connect(sandbox_url, f"pk_test_{name}").refunds.create({"payment_intent": intent.id})


def test_a_lost_reply_repeats_no_refund(api, pay, control, charge_of):
    intent = pay()
    sent = {"payment_intent": intent.id, "amount": 400}, {"idempotency_key": "refund-1"}
    control.post("faults", queued=[{"fault": "drop_after", "path": "/v1/refunds"}])
    with pytest.raises(stripe.APIConnectionError):
        api.refunds.create(*sent)
    assert api.refunds.create(*sent).amount == 400
    assert charge_of(intent).amount_refunded == 400


def test_a_charge_names_no_receipt_that_does_not_exist(pay, charge_of):
    assert charge_of(pay()).receipt_url is None

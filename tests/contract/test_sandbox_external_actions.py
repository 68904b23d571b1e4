"""Refunds and disputes on demand, and the account summary."""

import time

import pytest

from tests.contract.sandbox_driver import eventually


def test_events_of_a_dashboard_refund_have_no_request(api, pay, control, endpoint, receiver):
    intent = pay()
    created = control.post("refunds", payment_intent=intent.id, amount=400)
    assert (created["status"], created["amount"], created["metadata"]) == ("succeeded", 400, {})
    eventually(lambda: "charge.refunded" in receiver.types)
    event = api.events.list({"type": "refund.created"}).data[0]
    assert event.request.to_dict() == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize(
    ("outcome", "event_types"), [("succeeded", []), ("failed", ["refund.failed"]), ("canceled", [])]
)
def test_a_pending_refund_is_finished_on_demand(api, pay, control, outcome, event_types):
    intent = pay()
    pending = control.post("refunds", payment_intent=intent.id, status="pending")
    control.post("advance", seconds=500)
    assert api.refunds.retrieve(pending["id"]).status == "pending"

    control.post("refunds/finish", refund=pending["id"], outcome=outcome)
    assert api.refunds.retrieve(pending["id"]).status == outcome
    types = [event.type for event in api.events.list().data]
    assert sorted(types[: 2 + len(event_types)]) == sorted(
        ["refund.updated", "charge.refund.updated", *event_types]
    )
    back = 1400 if outcome == "succeeded" else 0
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == back


def test_a_refund_that_succeeded_can_be_made_to_fail_but_not_twice(api, pay, control, control_error):
    refund = api.refunds.create({"payment_intent": pay().id})
    ended = {"refund": refund.id, "outcome": "failed", "failure_reason": "lost_or_stolen_card"}
    assert control.post("refunds/finish", **ended)["failure_reason"] == "lost_or_stolen_card"
    assert "already has the final status" in control_error("refunds/finish", **ended)


def test_a_dashboard_refund_has_the_same_limits_as_the_api(pay, control, control_error):
    intent = pay()
    assert "greater than" in control_error("refunds", payment_intent=intent.id, amount=1401)
    assert "Out of range" in control_error("refunds", payment_intent=intent.id, amount=0)
    assert "Out of range" in control_error("refunds", payment_intent=7)
    control.post("disputes", payment_intent=intent.id)
    assert "charged back" in control_error("refunds", payment_intent=intent.id)


def test_the_account_summary_lists_every_payment_with_its_outcome(api, pay, open_intent, control, name):
    unpaid = open_intent(metadata={"orderNumber": "LUM-1"})
    paid = pay(metadata={"orderNumber": "LUM-2"})
    refund = api.refunds.create({"payment_intent": paid.id, "amount": 400})
    dispute = control.post("disputes", payment_intent=paid.id, amount=1000)

    assert control.get("account") == {
        "payment_intents": [
            {
                "id": unpaid.id, "order_number": "LUM-1", "status": "requires_payment_method",
                "amount": 1400, "currency": "eur", "amount_received": 0,
                "charges": [], "refunds": [], "disputes": [],
            },
            {
                "id": paid.id, "order_number": "LUM-2", "status": "succeeded",
                "amount": 1400, "currency": "eur", "amount_received": 1400,
                "charges": [
                    {
                        "id": paid.latest_charge, "status": "succeeded", "amount": 1400,
                        "amount_refunded": 400,
                    }
                ],
                "refunds": [{"id": refund.id, "amount": 400, "status": "succeeded"}],
                "disputes": [{"id": dispute["id"], "amount": 1000, "status": "needs_response"}],
            },
        ],
        "checkout_sessions": [],
    }  # fmt: skip


def test_the_account_summary_lists_every_checkout_session_with_its_outcome(
    *, open_session, pay_session, control, api
):
    unpaid, paid = open_session(client_reference_id="LUM-1"), open_session(client_reference_id="LUM-2")
    pay_session(paid)
    intent = api.checkout.sessions.retrieve(paid.id).payment_intent

    summary = control.get("account")
    assert summary["checkout_sessions"] == [
        {
            "id": unpaid.id, "client_reference_id": "LUM-1", "status": "open", "payment_status": "unpaid",
            "payment_intent": None, "amount_total": 4700, "currency": "eur",
        },
        {
            "id": paid.id, "client_reference_id": "LUM-2", "status": "complete", "payment_status": "paid",
            "payment_intent": intent, "amount_total": 4700, "currency": "eur",
        },
    ]  # fmt: skip
    assert [one["id"] for one in summary["payment_intents"]] == [intent]


def test_the_account_summary_is_empty_after_a_reset(pay, control):
    pay()
    control.post("reset")
    assert control.get("account") == {"payment_intents": [], "checkout_sessions": []}


def test_150_events_are_delivered_within_seconds(api, endpoint, receiver, control):
    control.post("deliveries", paused=True)
    customer = api.customers.create({})
    for number in range(150):
        control.post("events", type="customer.updated", object={**customer.to_dict(), "name": str(number)})
    # The processor's time, of which other processes take nothing.
    started = time.process_time()
    control.post("deliveries")
    assert control.flush()["delivered"] == 151
    # The promise is a hundred a second.
    assert time.process_time() - started < 6

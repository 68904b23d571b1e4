"""What the sandbox does on demand, and the books that it keeps of everything."""

import time

import pytest

from tests.contract.sandbox_driver import eventually


def test_a_refund_of_the_dashboard_names_no_request(api, pay, control, endpoint, receiver):
    intent = pay()
    made = control.post("refunds", payment_intent=intent.id, amount=400)
    assert (made["status"], made["amount"], made["metadata"]) == ("succeeded", 400, {})
    eventually(lambda: "charge.refunded" in receiver.types)
    event = api.events.list({"type": "refund.created"}).data[0]
    assert event.request.to_dict() == {"id": None, "idempotency_key": None}


@pytest.mark.parametrize(
    ("outcome", "told"), [("succeeded", []), ("failed", ["refund.failed"]), ("canceled", [])]
)
def test_a_waiting_refund_ends_on_demand(api, pay, control, outcome, told):
    intent = pay()
    waiting = control.post("refunds", payment_intent=intent.id, status="pending")
    control.post("advance", seconds=500)
    assert api.refunds.retrieve(waiting["id"]).status == "pending"

    control.post("refunds/finish", refund=waiting["id"], outcome=outcome)
    assert api.refunds.retrieve(waiting["id"]).status == outcome
    types = [event.type for event in api.events.list().data]
    assert sorted(types[: 2 + len(told)]) == sorted(["refund.updated", "charge.refund.updated", *told])
    back = 1400 if outcome == "succeeded" else 0
    assert api.charges.retrieve(intent.latest_charge).amount_refunded == back


def test_a_refund_that_succeeded_can_be_made_to_fail_but_not_twice(api, pay, control, control_refuses):
    refund = api.refunds.create({"payment_intent": pay().id})
    ended = {"refund": refund.id, "outcome": "failed", "failure_reason": "lost_or_stolen_card"}
    assert control.post("refunds/finish", **ended)["failure_reason"] == "lost_or_stolen_card"
    assert "already has the final status" in control_refuses("refunds/finish", **ended)


def test_the_dashboard_refunds_no_more_than_the_api(pay, control, control_refuses):
    intent = pay()
    assert "greater than" in control_refuses("refunds", payment_intent=intent.id, amount=1401)
    assert "Out of range" in control_refuses("refunds", payment_intent=intent.id, amount=0)
    assert "Out of range" in control_refuses("refunds", payment_intent=7)
    control.post("disputes", payment_intent=intent.id)
    assert "charged back" in control_refuses("refunds", payment_intent=intent.id)


def test_the_books_tell_what_became_of_every_payment(api, pay, open_intent, control, name):
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


def test_the_books_tell_what_became_of_every_checkout_session(*, open_session, pay_session, control, api):
    unpaid, paid = open_session(client_reference_id="LUM-1"), open_session(client_reference_id="LUM-2")
    pay_session(paid)
    intent = api.checkout.sessions.retrieve(paid.id).payment_intent

    books = control.get("account")
    assert books["checkout_sessions"] == [
        {
            "id": unpaid.id, "client_reference_id": "LUM-1", "status": "open", "payment_status": "unpaid",
            "payment_intent": None, "amount_total": 4700, "currency": "eur",
        },
        {
            "id": paid.id, "client_reference_id": "LUM-2", "status": "complete", "payment_status": "paid",
            "payment_intent": intent, "amount_total": 4700, "currency": "eur",
        },
    ]  # fmt: skip
    assert [one["id"] for one in books["payment_intents"]] == [intent]


def test_the_books_are_only_of_the_account_and_empty_after_a_reset(pay, control):
    pay()
    control.post("reset")
    assert control.get("account") == {"payment_intents": [], "checkout_sessions": []}


def test_a_crowd_of_events_is_delivered_fast(api, endpoint, receiver, control):
    control.post("deliveries", paused=True)
    customer = api.customers.create({})
    for number in range(150):
        control.post("events", type="customer.updated", object={**customer.to_dict(), "name": str(number)})
    started = time.monotonic()
    control.post("deliveries")
    assert control.flush()["delivered"] == 151
    # The promise is a hundred a second on a machine with nothing else to do; here others may be at work.
    assert time.monotonic() - started < 6

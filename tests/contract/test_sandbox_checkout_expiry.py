"""Expiry of unpaid Checkout Sessions."""

import time

import pytest
import requests
import stripe

from tests.contract.sandbox_driver import event_types


def test_an_open_session_expires_at_its_time_and_emits_an_event(
    *, api, open_session, control, endpoint, receiver
):
    session = open_session(expires_at=int(time.time()) + 31 * 60)
    control.post("advance", seconds=30 * 60)
    assert api.checkout.sessions.retrieve(session.id).status == "open"

    assert control.post("advance", seconds=2 * 60)["tasks_run"] == 1

    after = api.checkout.sessions.retrieve(session.id)
    assert (after.status, after.payment_status, after.url) == ("expired", "unpaid", None)
    control.flush()
    (arrived,) = receiver.arrived
    assert arrived.event["type"] == "checkout.session.expired"
    assert (arrived.event["data"]["object"]["id"], arrived.event["data"]["object"]["status"]) == (
        session.id,
        "expired",
    )


def test_a_session_expires_after_24_hours_by_default(api, open_session, control):
    session = open_session()
    control.post("advance", seconds=24 * 3600 - 60)
    assert api.checkout.sessions.retrieve(session.id).status == "open"
    control.post("advance", seconds=61)
    assert api.checkout.sessions.retrieve(session.id).status == "expired"


def test_an_open_session_can_be_expired_by_request(api, open_session, control):
    session = open_session()
    assert api.checkout.sessions.expire(session.id).status == "expired"
    # The scheduled expiry comes later and changes nothing.
    control.post("advance", seconds=25 * 3600)
    assert event_types(api) == ["checkout.session.expired"]


@pytest.mark.parametrize("status", ["complete", "expired"])
def test_only_an_open_session_can_be_expired(*, api, open_session, pay_session, status):
    session = open_session()
    if status == "complete":
        pay_session(session)
    else:
        api.checkout.sessions.expire(session.id)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        api.checkout.sessions.expire(session.id)
    assert raised.value.http_status == 400
    assert raised.value.user_message == (
        'Only Checkout Sessions with a status in ["open"] can be expired. '
        f"This Checkout Session has a status of `{status}`."
    )


def test_the_expiry_of_a_session_is_replayed_under_its_key(api, open_session):
    session = open_session()
    replies = [api.checkout.sessions.expire(session.id, {}, {"idempotency_key": "end"}) for _ in range(2)]
    assert [reply.status for reply in replies] == ["expired", "expired"]
    assert event_types(api) == ["checkout.session.expired"]


def test_a_delayed_payment_can_succeed_after_the_expiry_time_of_its_session(
    *, api, open_session, pay_session, control
):
    control.post("settings", delay_ms=48 * 3600 * 1000)
    session = open_session()
    pay_session(session, "pm_success_de")
    control.post("advance", seconds=25 * 3600)
    assert api.checkout.sessions.retrieve(session.id).status == "complete"
    control.post("advance", seconds=24 * 3600)
    assert api.checkout.sessions.retrieve(session.id).payment_status == "paid"
    assert "checkout.session.expired" not in event_types(api)


def test_an_expired_session_cannot_be_paid(*, api, open_session, control, control_error):
    session = open_session()
    control.post(f"checkout/sessions/{session.id}/expire")
    assert "status of `expired`" in control_error(f"checkout/sessions/{session.id}/pay")
    assert api.payment_intents.list().data == []


def test_a_pending_authentication_cannot_be_paid_after_the_expiry(*, api, open_session, pay_session, control):
    session = open_session()
    challenge = pay_session(session, "pm_card_threeDSecure2Required")
    control.post("advance", seconds=25 * 3600)
    requests.post(challenge["redirect_url"], data={"outcome": "authorize"}, allow_redirects=False, timeout=10)

    after = api.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert after.status == "expired"
    assert (after.payment_intent.status, after.payment_intent.cancellation_reason) == ("canceled", "expired")
    assert api.charges.list().data == []
    assert event_types(api)[-2:] == ["payment_intent.canceled", "checkout.session.expired"]

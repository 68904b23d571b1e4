"""Webhook deliveries: signatures, retries and injected delivery faults."""

import threading

import pytest
import stripe

from tests.contract.sandbox_driver import Receiver, eventually


def test_an_event_arrives_signed_for_the_sdk(api, endpoint, receiver, control):
    customer = api.customers.create({"name": "Adèle"})
    control.flush()

    (delivery,) = receiver.arrived
    assert delivery.is_signed_with(endpoint.secret)
    event = stripe.Webhook.construct_event(
        delivery.body, delivery.headers["stripe-signature"], endpoint.secret
    )
    assert (event.type, event.data.object.id) == ("customer.created", customer.id)
    assert "v0=" in delivery.headers["stripe-signature"]
    assert delivery.headers["user-agent"] == "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
    assert delivery.headers["content-type"] == "application/json; charset=utf-8"


def test_a_signature_is_invalid_for_another_secret(api, endpoint, receiver, control):
    api.customers.create({})
    control.flush()
    with pytest.raises(stripe.SignatureVerificationError):
        receiver.arrived[0].is_signed_with("whsec_other")


def test_an_endpoints_secret_is_returned_only_at_its_creation(api, endpoint):
    assert "secret" not in api.webhook_endpoints.retrieve(endpoint.id).to_dict()
    assert "secret" not in api.webhook_endpoints.list().data[0].to_dict()
    assert "secret" not in api.webhook_endpoints.update(endpoint.id, {"description": "x"}).to_dict()


def test_an_endpoint_receives_only_subscribed_events_in_its_api_version(api, receiver, control, pay):
    api.webhook_endpoints.create(
        {
            "url": receiver.url,
            "enabled_events": ["payment_intent.succeeded"],
            "api_version": "2024-06-20",
        }
    )
    pay()
    control.flush()
    assert receiver.types == ["payment_intent.succeeded"]
    assert receiver.arrived[0].event["api_version"] == "2024-06-20"


def test_a_disabled_or_deleted_endpoint_receives_nothing(api, endpoint, receiver, control):
    api.webhook_endpoints.update(endpoint.id, {"disabled": True})
    api.customers.create({})
    api.webhook_endpoints.update(endpoint.id, {"disabled": False})
    control.post("deliveries", paused=True)
    api.customers.create({})
    api.webhook_endpoints.delete(endpoint.id)
    control.post("deliveries")
    assert control.flush()["delivered"] == 0
    assert receiver.arrived == []


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_failed_delivery_is_retried_with_a_new_signature(api, endpoint, receiver, control, status):
    control.post("deliveries", retry_base_ms=1)
    receiver.statuses = [status, status]
    api.customers.create({})
    eventually(lambda: len(receiver.arrived) == 3)
    control.flush()

    signatures = {delivery.headers["stripe-signature"] for delivery in receiver.arrived}
    assert len(signatures) == 3
    assert all(delivery.is_signed_with(endpoint.secret) for delivery in receiver.arrived)
    assert len({delivery.event["id"] for delivery in receiver.arrived}) == 1
    (row,) = control.get("deliveries")["deliveries"]
    assert (row["status"], row["attempts"], row["last_status"]) == ("delivered", 3, 200)


def test_a_delivery_fails_after_its_last_attempt(api, control):
    down = Receiver()
    down.close()
    control.post("deliveries", retry_base_ms=1, max_attempts=3)
    api.webhook_endpoints.create({"url": down.url, "enabled_events": ["*"]})
    api.customers.create({})
    eventually(lambda: control.get("deliveries")["counts"]["failed"] == 1)
    (row,) = control.get("deliveries")["deliveries"]
    assert (row["attempts"], row["last_status"]) == (3, None)
    assert "ConnectionRefused" in row["last_error"]


def test_retries_back_off_exponentially(api, endpoint, receiver, control):
    def pending_after(attempts):
        (row,) = control.get("deliveries")["deliveries"]
        return row if (row["attempts"], row["status"]) == (attempts, "pending") else None

    receiver.statuses = [500] * 10
    api.customers.create({})
    assert 0 < eventually(lambda: pending_after(1))["due_in_ms"] <= 1000
    control.flush()
    assert 1000 < eventually(lambda: pending_after(2))["due_in_ms"] <= 2000
    control.flush()
    assert 2000 < eventually(lambda: pending_after(3))["due_in_ms"] <= 4000


def test_deliveries_can_be_duplicated(api, endpoint, receiver, control):
    control.post("deliveries", duplicate=3)
    api.customers.create({})
    control.flush()
    assert len(receiver.arrived) == 3
    assert len({delivery.event["id"] for delivery in receiver.arrived}) == 1


def test_a_lost_delivery_can_be_resent(api, endpoint, receiver, control):
    control.post("deliveries", lose=1)
    api.customers.create({})
    assert control.flush()["lost"] == 1
    assert receiver.arrived == []

    event = api.events.list().data[0]
    assert control.post("deliveries/resend", event=event.id)["queued"] == 1
    control.flush()
    assert [delivery.event["id"] for delivery in receiver.arrived] == [event.id]


def test_deliveries_can_be_paused(api, endpoint, receiver, control):
    control.post("deliveries", paused=True)
    api.customers.create({})
    assert control.flush()["pending"] == 1
    control.post("deliveries", paused=False)
    assert control.flush()["delivered"] == 1


def test_delayed_deliveries_are_sent_when_time_advances(api, endpoint, receiver, control):
    control.post("deliveries", delay_ms=60_000)
    api.customers.create({})
    assert control.get("deliveries")["deliveries"][0]["due_in_ms"] > 50_000
    control.post("advance", seconds=61)
    eventually(lambda: len(receiver.arrived) == 1)


def test_deliveries_can_be_shuffled(api, endpoint, receiver, control):
    control.post("deliveries", shuffle=True, window_ms=60_000, seed=7)
    ids = [api.customers.create({}).id for _ in range(12)]
    due = {row["event"]: row["due_in_ms"] for row in control.get("deliveries")["deliveries"]}
    assert list(due.values()) != sorted(due.values())
    assert control.flush()["delivered"] == 12
    assert sorted(delivery.event["data"]["object"]["id"] for delivery in receiver.arrived) == sorted(ids)


def test_a_seed_makes_lost_deliveries_repeatable(*, api, endpoint, control, connect, sandbox_url, key):
    def lost():
        control.post("deliveries", lose=0.5, seed=3, paused=True)
        for _ in range(12):
            api.customers.create({})
        rows = control.get("deliveries")["deliveries"]
        return [row["status"] == "lost" for row in rows[-12:]]

    first = lost()
    assert first == lost()
    assert 0 < sum(first) < 12


def test_deliveries_run_concurrently(api, endpoint, receiver, control, sandbox_url):
    slow = Receiver()
    slow.meeting = threading.Barrier(4)
    api.webhook_endpoints.update(endpoint.id, {"url": slow.url})
    control.post("deliveries", paused=True)
    for _ in range(4):
        api.customers.create({})
    control.post("deliveries")
    control.flush()
    slow.close()
    assert not slow.meeting.broken
    assert len(slow.arrived) == 4


def test_any_event_can_be_emitted_on_demand(api, endpoint, receiver, control):
    control.post("events", type="charge.dispute.created", object={"id": "du_1", "object": "dispute"})
    control.flush()
    assert receiver.arrived[0].event["data"]["object"]["id"] == "du_1"
    assert receiver.arrived[0].is_signed_with(endpoint.secret)

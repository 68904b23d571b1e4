"""Idempotency keys: the first response is stored and replayed."""

import threading

import pytest
import requests
import stripe

from tests.contract.sandbox_driver import eventually

SALE = {"amount": 1400, "currency": "eur"}
RETURN_URL = "https://shop.example/thanks"


@pytest.fixture
def keyed(api):
    """Create an intent under an idempotency key."""

    def send(key="order-1", **more):
        return api.payment_intents.create({**SALE, **more}, {"idempotency_key": key})

    return send


def test_the_same_key_gives_the_same_intent(keyed, api):
    first, second = keyed(), keyed()
    assert first.id == second.id
    assert first.client_secret == second.client_secret
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert second.last_response.headers["Original-Request"] == first.last_response.request_id
    assert second.last_response.request_id != first.last_response.request_id
    assert len(api.payment_intents.list().data) == 1


def test_a_replay_returns_the_first_response_even_after_a_change(keyed, api):
    first = keyed()
    api.payment_intents.cancel(first.id)
    assert keyed().status == "requires_payment_method"


def test_other_parameters_under_the_same_key_are_rejected(keyed):
    keyed()
    with pytest.raises(stripe.IdempotencyError) as raised:
        keyed(amount=1500)
    assert raised.value.http_status == 400
    assert raised.value.error.type == "idempotency_error"
    assert raised.value.user_message == (
        "Keys for idempotent requests can only be used with the same parameters they were first used with. "
        "Try using a key other than 'order-1' if you meant to execute a different request."
    )


def test_another_url_under_the_same_key_is_rejected(keyed, api):
    intent = keyed()
    with pytest.raises(stripe.IdempotencyError):
        api.payment_intents.cancel(intent.id, {}, {"idempotency_key": "order-1"})


def test_a_decline_is_replayed_without_another_attempt(api, keyed, control):
    intent = keyed("open")
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            api.payment_intents.confirm(
                intent.id,
                {"payment_method": "pm_card_visa_chargeDeclined", "return_url": RETURN_URL},
                {"idempotency_key": "try-1"},
            )
    assert len(api.charges.list({"payment_intent": intent.id}).data) == 1
    assert [entry["replayed"] for entry in control.requests(f"/v1/payment_intents/{intent.id}/confirm")] == [
        False,
        True,
    ]


def test_an_unexpected_state_error_is_replayed(api, keyed):
    intent = keyed("open")
    with pytest.raises(stripe.InvalidRequestError):
        api.payment_intents.confirm(intent.id, {"return_url": RETURN_URL}, {"idempotency_key": "try-1"})
    api.payment_intents.update(intent.id, {"payment_method": "pm_card_visa"})
    with pytest.raises(stripe.InvalidRequestError):
        api.payment_intents.confirm(intent.id, {"return_url": RETURN_URL}, {"idempotency_key": "try-1"})


def test_a_validation_error_does_not_use_up_the_key(keyed):
    with pytest.raises(stripe.InvalidRequestError):
        keyed(amount=1)
    assert keyed().amount == 1400


@pytest.mark.parametrize("fault", ["429", "lock_timeout", "500_before"])
def test_an_error_before_execution_does_not_use_up_the_key(keyed, control, fault):
    control.post("faults", queued=[{"fault": fault}])
    with pytest.raises((stripe.RateLimitError, stripe.APIError)):
        keyed()
    assert keyed().status == "requires_payment_method"


def test_a_500_after_execution_is_replayed(keyed, api, control):
    control.post("faults", queued=[{"fault": "500_after"}])
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failure:
            keyed()
        assert failure.value.http_status == 500
    assert failure.value.headers["Idempotent-Replayed"] == "true"
    assert len(api.payment_intents.list().data) == 1


def test_a_lost_response_is_replayed_under_its_key(keyed, api, control):
    control.post("faults", queued=[{"fault": "drop_after"}])
    with pytest.raises(stripe.APIConnectionError):
        keyed()
    assert keyed().last_response.headers["Idempotent-Replayed"] == "true"
    assert len(api.payment_intents.list().data) == 1


def test_a_concurrent_request_under_the_same_key_is_a_409(api, keyed, control, sandbox_url, key):
    control.post("faults", queued=[{"fault": "latency", "ms": 400}])
    first = threading.Thread(target=keyed)
    first.start()
    eventually(lambda: control.get("faults")["queued"] == [])
    second = requests.post(
        sandbox_url + "/v1/payment_intents",
        data=SALE,
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"},
        timeout=10,
    )
    first.join()

    assert second.status_code == 409
    assert second.json()["error"]["code"] == "idempotency_key_in_use"
    assert second.json()["error"]["type"] == "idempotency_error"
    assert keyed().last_response.headers["Idempotent-Replayed"] == "true"


def test_concurrent_requests_under_one_key_create_one_intent(sandbox_url, key, api):
    statuses = []

    def send():
        reply = requests.post(
            sandbox_url + "/v1/payment_intents",
            data=SALE,
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "order-1"},
            timeout=10,
        )
        statuses.append(reply.status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 409}
    assert len(api.payment_intents.list().data) == 1


def test_a_key_expires_after_24_hours(keyed, control):
    first = keyed()
    control.post("advance", seconds=23 * 3600)
    assert keyed().id == first.id
    control.post("advance", seconds=2 * 3600)
    assert keyed().id != first.id


def test_a_key_has_at_most_255_characters(keyed):
    assert keyed("k" * 255)
    with pytest.raises(stripe.InvalidRequestError):
        keyed("k" * 256)

"""Injected faults, the request log and the control routes."""

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests
import stripe

from tests.contract.sandbox_driver import Control


@pytest.fixture
def create(api):
    return lambda: api.payment_intents.create({"amount": 1400, "currency": "eur"})


@pytest.mark.parametrize(
    ("fault", "error", "executed"),
    [
        ("429", stripe.RateLimitError, False),
        ("lock_timeout", stripe.RateLimitError, False),
        ("500_before", stripe.APIError, False),
        ("500_after", stripe.APIError, True),
        ("drop_before", stripe.APIConnectionError, False),
        ("drop_after", stripe.APIConnectionError, True),
    ],
)
def test_a_queued_fault_applies_once(*, api, create, control, fault, error, executed):
    control.post("faults", queued=[{"fault": fault, "method": "POST", "path": "/v1/payment_intents"}])
    api.customers.list()
    with pytest.raises(error):
        create()
    assert len(api.payment_intents.list().data) == int(executed)
    assert create().status == "requires_payment_method"


def test_rate_limit_errors_have_stripes_codes(create, control):
    control.post("faults", queued=[{"fault": "429"}, {"fault": "lock_timeout"}])
    for code in ("rate_limit", "lock_timeout"):
        with pytest.raises(stripe.RateLimitError) as raised:
            create()
        assert raised.value.error.code == code


def test_a_queued_fault_applies_only_to_its_path(api, create, control):
    control.post(
        "faults",
        queued=[{"fault": "429", "times": 2, "path": r"/v1/payment_intents/[^/]+/cancel"}],
    )
    intent = create()
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            api.payment_intents.cancel(intent.id)
    assert api.payment_intents.cancel(intent.id).status == "canceled"
    assert control.get("faults")["queued"] == []


@pytest.mark.parametrize(
    ("rate", "error", "executed"),
    [
        ("rate_429", stripe.RateLimitError, 0),
        ("rate_500_before", stripe.APIError, 0),
        ("rate_500_after", stripe.APIError, 2),
        ("rate_drop_before", stripe.APIConnectionError, 0),
        ("rate_drop_after", stripe.APIConnectionError, 2),
    ],
)
def test_a_permanent_fault_rate_applies_until_it_is_removed(*, api, create, control, rate, error, executed):
    control.post("faults", **{rate: 1})
    for _ in range(2):
        with pytest.raises(error):
            create()
    control.post("faults")
    assert len(api.payment_intents.list().data) == executed


def test_latency_makes_every_request_slow(create, control):
    control.post("faults", latency_ms=120)
    started = time.monotonic()
    create()
    assert time.monotonic() - started >= 0.12


def test_latency_ends_when_the_faults_are_replaced(create, control):
    control.post("faults", latency_ms=600_000)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(create)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        control.post("faults", latency_ms=0)
        assert waiting.result(timeout=60).id


def test_faults_of_one_account_do_not_affect_another(connect, sandbox_url, key, control):
    control.post("faults", rate_429=1)
    assert connect(sandbox_url, key + "_other").customers.create({}).id


def test_the_sdks_retries_succeed_and_create_one_intent(sandbox_url, key, http_client, control):
    retrying = stripe.StripeClient(
        key, base_addresses={"api": sandbox_url}, max_network_retries=2, http_client=http_client
    ).v1
    control.post("faults", queued=[{"fault": "drop_after"}, {"fault": "drop_before"}])
    intent = retrying.payment_intents.create({"amount": 1400, "currency": "eur"})

    logged = control.requests("/v1/payment_intents")
    assert [entry["status"] for entry in logged] == [0, 0, 200]
    assert len({entry["idempotency_key"] for entry in logged}) == 1
    assert [one.id for one in retrying.payment_intents.list()] == [intent.id]


def test_every_request_is_logged_with_masked_parameters(api, control):
    card = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2034, "cvc": "123"}
    api.payment_methods.create({"type": "card", "card": card}, {"idempotency_key": "k-1"})
    (entry,) = control.requests("/v1/payment_methods")
    assert (entry["status"], entry["idempotency_key"], entry["replayed"]) == (200, "k-1", False)
    assert entry["params"]["type"] == "card"
    assert entry["params"]["card"]["number"] == "…4242"


def test_a_reset_deletes_the_data_of_one_account_only(*, api, connect, sandbox_url, key, control, pay):
    other_account = connect(sandbox_url, key + "_other")
    customer = other_account.customers.create({})
    pay()
    control.post("reset")
    assert api.payment_intents.list().data == []
    assert api.events.list().data == []
    assert control.get("requests")["requests"][0]["path"] == "/v1/payment_intents"
    assert other_account.customers.retrieve(customer.id).id == customer.id


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"rate_429": 2}),
        ("faults", {"rate_430": 0.1}),
        ("faults", {"queued": [{"fault": "fire"}]}),
        ("faults", {"queued": [{"fault": "429", "path": "("}]}),
        ("faults", {"queued": "429"}),
        ("faults", {"queued": [{"fault": "latency", "ms": "x"}]}),
        ("faults", {"queued": [{"fault": "429", "times": 10**30}]}),
        ("faults", {"latency_ms": float("inf")}),
        ("deliveries", {"lose": -1}),
        ("deliveries", {"paused": "no"}),
        ("deliveries", {"duplicate": "x"}),
        ("advance", {"seconds": "x"}),
        ("advance", {}),
        ("events", {"type": "x"}),
        ("settings", {"delay_ms": -1}),
    ],
)
def test_an_invalid_control_request_is_rejected(sandbox_url, key, name, body):
    reply = requests.post(
        f"{sandbox_url}/sandbox/{name}",
        data=json.dumps(body),
        headers={"Authorization": f"Bearer {key}"},
        timeout=10,
    )
    assert reply.status_code == 400, reply.text


def test_the_index_page_shows_how_to_use_the_sandbox(sandbox_url):
    page = requests.get(sandbox_url + "/", timeout=10)
    assert "STRIPE_API_BASE=" + sandbox_url in page.text
    assert page.headers["Content-Type"].startswith("text/html")


def test_settings_are_returned(control: Control):
    control.post("settings", delay_ms=5)
    assert control.get("settings")["settings"] == {"delay_ms": 5}


@pytest.mark.parametrize("arrived", ["", "email=bu"])
def test_a_truncated_request_has_no_effect(api, sandbox_url, key, arrived):
    host = urlsplit(sandbox_url)
    with socket.create_connection((host.hostname, host.port), timeout=10) as connection:
        connection.sendall(
            f"POST /v1/customers HTTP/1.1\r\nHost: {host.netloc}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\n"
            f"{arrived}".encode()
        )
        connection.shutdown(socket.SHUT_WR)
        response = connection.recv(1)
    assert response == b""
    assert api.customers.list().data == []

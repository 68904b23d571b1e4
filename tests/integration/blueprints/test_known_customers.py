"""Opening a payment does not reveal whether an e-mail address belongs to a customer."""

import time
from collections.abc import Iterator
from statistics import median

import pytest
from flask.testing import FlaskClient

from lumira.services.checkout import even_duration
from tests.support import stripe_sandbox
from tests.support.factories import BUYER, Brand, open_payment

#: Milliseconds by which Stripe delays the reply to the request for a customer.
LATENCY = 300


@pytest.fixture(autouse=True)
def unmeasured() -> Iterator[None]:
    """Durations that other tests have measured do not count."""
    even_duration._measured.clear()
    yield
    even_duration._measured.clear()


def seconds(client: FlaskClient, headers: dict[str, str], email: str) -> float:
    """How long it takes until a payment is open."""
    body = {"productId": "mystique", "customerEmail": email}
    started_at = time.perf_counter()
    reply = client.post("/api/products/create-payment-intent", json=body, headers=headers)
    assert reply.status_code == 200
    return time.perf_counter() - started_at


def test_a_payment_opens_as_fast_for_a_new_address_as_for_a_customers(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    open_payment(tenant)

    def difference(number: int) -> float:
        even_duration._measured.clear()
        stripe_sandbox.fail_next(tenant, "latency", path="/v1/customers", times=5, ms=LATENCY)
        strangers = [f"stranger-{number}-{each}@example.com" for each in range(5)]
        new = [seconds(client, tenant.publishable, email) for email in strangers]
        known = [seconds(client, tenant.publishable, BUYER) for _ in range(5)]
        assert median(new) > LATENCY / 1000
        return abs(median(new) - median(known))

    # A reply that reveals a customer differs each time; a busy machine, now and then.
    assert any(difference(number) < LATENCY / 1000 / 3 for number in range(4))


def test_the_first_reply_of_a_process_does_not_reveal_a_customer_either(
    client: FlaskClient, tenant: Brand, app_context: None
) -> None:
    open_payment(tenant)
    even_duration._measured.clear()
    assert seconds(client, tenant.publishable, BUYER) > LATENCY / 1000


def test_a_shops_backend_does_not_wait(client: FlaskClient, tenant: Brand, app_context: None) -> None:
    open_payment(tenant)
    even_duration._measured.extend([30] * 20)
    assert seconds(client, tenant.secret, BUYER) < 30

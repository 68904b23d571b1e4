"""What strangers open never counts for a buyer, and no number of calls at the same time passes a limit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from config.settings import RateLimits
from lumira.models import Order
from tests.support.factories import Brand, count

MANY = "1000 per minute"
HOME, ELSEWHERE = "192.0.2.1", "198.51.100.7"
Clients = Callable[..., FlaskClient]


def limits(**changes: str) -> RateLimits:
    standard = {"per_key": MANY, "per_address": MANY, "per_email": MANY, "per_address_emails": MANY}
    return RateLimits(enabled=True, **standard | changes)


def buy(
    client: FlaskClient,
    headers: dict[str, str],
    email: str = "ana@example.com",
    *,
    product: str = "simple",
    address: str = HOME,
) -> int:
    reply = client.post(
        "/api/products/create-payment-intent",
        json={"productId": product, "customerEmail": email},
        headers=headers,
        environ_base={"REMOTE_ADDR": address},
    )
    return reply.status_code


def test_a_stranger_cannot_use_up_a_buyers_limit(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="2 per hour"))
    assert [buy(client, tenant.publishable, address=ELSEWHERE) for _ in range(3)] == [200, 200, 429]
    assert buy(client, tenant.publishable, address=HOME) == 200


def test_addresses_with_tags_count_as_their_mailbox(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="2 per hour"))
    emails = ["ana@example.com", "ana+1@example.com", "Ana+2@Example.com", "anna@example.com"]
    assert [buy(client, tenant.publishable, email) for email in emails] == [200, 200, 429, 200]


def test_calls_at_the_same_time_do_not_pass_the_limit(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="5 per hour"))
    # The buyer has a Stripe customer then, so that the calls below do not meet while each creates it.
    assert buy(client, tenant.publishable, product="mystique") == 200
    with ThreadPoolExecutor(8) as pool:
        replies = list(
            pool.map(
                lambda _: buy(client.application.test_client(), tenant.publishable, product="mystique"),
                range(16),
            )
        )
    assert replies.count(200) <= 4
    assert set(replies) == {200, 429}
    with client.application.app_context():
        assert count(tenant, Order) == replies.count(200) + 1


def test_one_network_opens_payments_for_a_limited_number_of_mailboxes(
    client_with: Clients, tenant: Brand
) -> None:
    client = client_with(rate_limits=limits(per_address_emails="2 per hour"))
    emails = ["a@example.com", "b@example.com", "a+tag@example.com", "a@example.com", "c@example.com"]
    assert [buy(client, tenant.publishable, email) for email in emails] == [200, 200, 200, 200, 429]
    assert buy(client, tenant.publishable, "c@example.com", address=ELSEWHERE) == 200


def test_a_payment_without_an_address_counts_as_one_for_another_mailbox(
    client_with: Clients, tenant: Brand
) -> None:
    client = client_with(rate_limits=limits(per_address_emails="2 per hour"))

    def buy_unnamed(product: str, address: str = HOME) -> int:
        return client.post(
            "/api/products/create-payment-intent",
            json={"productId": product},
            headers=tenant.publishable,
            environ_base={"REMOTE_ADDR": address},
        ).status_code

    assert buy_unnamed("none") == 404
    assert [buy_unnamed("mystique") for _ in range(3)] == [200, 200, 429]
    assert buy(client, tenant.publishable) == 429
    assert buy_unnamed("mystique", ELSEWHERE) == 200


@pytest.mark.parametrize("limit", ["per_email", "per_address_emails"])
def test_a_call_that_opens_nothing_does_not_count(client_with: Clients, tenant: Brand, limit: str) -> None:
    client = client_with(rate_limits=limits(**{limit: "1 per hour"}))
    refused = [buy(client, tenant.publishable, f"{name}@example.com", product="none") for name in "aabb"]
    assert refused == [404, 404, 404, 404]
    keyed = tenant.publishable | {"Idempotency-Key": "4f1c9a70d2e85b36"}
    assert buy(client, keyed) == 200
    assert (
        buy(client, tenant.publishable, "ana@example.com" if limit == "per_email" else "zoe@example.com")
        == 429
    )


def test_a_repeated_call_does_not_count(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="2 per hour"))
    keyed = tenant.publishable | {"Idempotency-Key": "4f1c9a70d2e85b36"}
    assert [buy(client, keyed) for _ in range(4)] == [200] * 4
    assert [buy(client, tenant.publishable) for _ in range(2)] == [200, 429]


def test_the_reply_says_when_the_limit_ends(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="1 per minute; 9 per hour"))
    assert buy(client, tenant.publishable) == 200
    reply = client.post(
        "/api/payments/create-payment-intent",
        json={"productId": "simple", "customerEmail": "ana@example.com"},
        headers=tenant.publishable,
        environ_base={"REMOTE_ADDR": HOME},
    )
    assert (reply.status_code, reply.json["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(reply.headers["Retry-After"]) <= 60


def test_a_tenants_backend_opens_payments_for_all_its_buyers(client_with: Clients, tenant: Brand) -> None:
    client = client_with(rate_limits=limits(per_email="1 per hour", per_address_emails="1 per hour"))
    assert [buy(client, tenant.secret, email) for email in ("a@b.example", "a@b.example", "c@d.example")] == [
        200
    ] * 3


def test_an_unreachable_redis_refuses_no_sale_and_the_limit_still_applies(
    client_with: Clients, tenant: Brand
) -> None:
    client = client_with(rate_limits=limits(per_email="2 per hour"), redis_url="redis://127.0.0.1:1/0")
    assert [buy(client, tenant.publishable) for _ in range(3)] == [200, 200, 429]

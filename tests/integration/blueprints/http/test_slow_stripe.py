"""While Stripe is slow, everything that needs no Stripe is answered, and no caller waits in line."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from uuid import uuid4

import pytest
import requests

from config.settings import Settings
from lumira.models import IdempotencyKey, Order
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.stripe_sandbox import clear_faults, let_stripe_hang
from tests.support.web_process import WebProcess, web_process

pytestmark = pytest.mark.usefixtures("app_context")

THREADS, SLOTS, CALLERS = 6, 3, 24


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    log = tmp_path_factory.mktemp("web") / "log"
    with web_process(settings, log, WEB_THREADS=str(THREADS), STRIPE_CONCURRENCY=str(SLOTS)) as process:
        yield process


def open_payment(web: WebProcess, brand: Brand, key: str, product: str = "mystique") -> requests.Response:
    return requests.post(
        f"{web.url}/api/payments/create-payment-intent",
        json={"productId": product, "customerEmail": f"{key[:8]}@example.com"},
        headers=brand.secret | {"Idempotency-Key": key},
        timeout=60,
    )


def deliver(web: WebProcess, brand: Brand) -> requests.Response:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    url = f"{web.url}/api/webhooks/stripe/{brand.slug}"
    return requests.post(url, data=body, headers=headers, timeout=60)


def occupy_all_slots(
    threads: ThreadPoolExecutor, web: WebProcess, brand: Brand, keys: list[str]
) -> tuple[dict[str, "Future[requests.Response]"], list[requests.Response]]:
    """Call with each key at once; return the calls that wait for Stripe, by key, and the replies of the others."""
    calls = {key: threads.submit(open_payment, web, brand, key) for key in keys}
    refused: list[requests.Response] = []
    waiting = dict(calls)
    while len(waiting) > SLOTS:
        done, _ = wait(waiting.values(), return_when=FIRST_COMPLETED, timeout=60)
        assert done
        answered = [key for key, future in waiting.items() if future in done]
        refused += [waiting.pop(key).result() for key in answered]
    return waiting, refused


def test_webhooks_catalog_and_free_orders_are_answered_while_all_slots_wait_for_stripe(
    web: WebProcess, tenant: Brand
) -> None:
    let_stripe_hang(tenant)
    with ThreadPoolExecutor(CALLERS) as threads:
        waiting, refused = occupy_all_slots(threads, web, tenant, [str(uuid4()) for _ in range(CALLERS)])

        catalog = requests.get(f"{web.url}/api/products", headers=tenant.publishable, timeout=60)
        delivered = deliver(web, tenant)
        ready = requests.get(f"{web.url}/readyz", timeout=60)
        free = open_payment(web, tenant, str(uuid4()), product="simple")

        # All of these were answered while the first callers still wait.
        assert not any(future.done() for future in waiting.values())
        assert [reply.status_code for reply in (catalog, delivered, ready, free)] == [200] * 4
        assert len(refused) == CALLERS - SLOTS
        assert {(reply.status_code, reply.json()["code"]) for reply in refused} == {
            (503, "STRIPE_UNAVAILABLE")
        }
        assert all(int(reply.headers["Retry-After"]) > 0 for reply in refused)
        clear_faults(tenant)
        assert {future.result().status_code for future in waiting.values()} == {200}


def test_a_refused_call_leaves_nothing_and_succeeds_with_the_same_key(web: WebProcess, tenant: Brand) -> None:
    keys = [str(uuid4()) for _ in range(SLOTS + 1)]
    let_stripe_hang(tenant)
    with ThreadPoolExecutor(CALLERS) as threads:
        waiting, refused = occupy_all_slots(threads, web, tenant, keys)
        assert [reply.status_code for reply in refused] == [503]
        clear_faults(tenant)
        assert {future.result().status_code for future in waiting.values()} == {200}
    assert count(tenant, Order) == SLOTS
    assert count(tenant, IdempotencyKey) == SLOTS

    [key] = set(keys) - set(waiting)
    assert open_payment(web, tenant, key).status_code == 200
    assert count(tenant, Order) == SLOTS + 1


def test_a_stored_reply_is_returned_while_all_slots_wait_for_stripe(web: WebProcess, tenant: Brand) -> None:
    known = str(uuid4())
    first = open_payment(web, tenant, known)
    let_stripe_hang(tenant)
    with ThreadPoolExecutor(CALLERS) as threads:
        waiting, _ = occupy_all_slots(threads, web, tenant, [str(uuid4()) for _ in range(CALLERS)])
        again = open_payment(web, tenant, known)
        assert not any(future.done() for future in waiting.values())
        clear_faults(tenant)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"

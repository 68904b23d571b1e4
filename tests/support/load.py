"""Callers that read the catalog, deliver webhooks and open payments at a web server, one request after the other."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import requests

from tests.support import stripe_events
from tests.support.factories import Brand
from tests.support.nginx import HOST

#: Requests of each kind that are made during a restart, at least.
FEWEST = 60
#: Replies to each call before a migration and after it: a statement is prepared after five executions.
SEVERAL = 12


def open_payment(url: str, brand: Brand, **options: object) -> requests.Response:
    key = str(uuid4())
    return requests.post(
        f"{url}/api/payments/create-payment-intent",
        json={"productId": "mystique", "customerEmail": f"{key[:8]}@example.com"},
        headers=brand.secret | {"Idempotency-Key": key, "Host": HOST},
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


def deliver(url: str, brand: Brand, **options: object) -> requests.Response:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    headers = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret), "Host": HOST}
    return requests.post(
        f"{url}/api/webhooks/stripe/{brand.slug}",
        data=body,
        headers=headers,
        timeout=60,
        **options,  # type: ignore[arg-type]
    )


def list_products(url: str, brand: Brand, **options: object) -> requests.Response:
    headers = brand.publishable | {"Host": HOST}
    return requests.get(f"{url}/api/products", headers=headers, timeout=60, **options)  # type: ignore[arg-type]


class Load:
    """Callers that repeat one request each until they are stopped."""

    def __init__(self, url: str, brand: Brand) -> None:
        self._calls = (list_products, deliver, open_payment)
        self._url = url
        self._brand = brand
        self._seen = [0] * len(self._calls)
        self._ended = threading.Event()
        #: Of each reply the status, by the name of its call.
        self.replies: dict[str, list[int]] = {call.__name__: [] for call in self._calls}

    def has_progressed(self) -> bool:
        """Whether each call has been answered several times since this was true the last time."""
        counts = [len(statuses) for statuses in self.replies.values()]
        if min(after - before for after, before in zip(counts, self._seen, strict=True)) < SEVERAL:
            return False
        self._seen = counts
        return True

    @property
    def statuses(self) -> set[int]:
        return {status for statuses in self.replies.values() for status in statuses}

    def _repeat(self, call: Callable[..., requests.Response]) -> None:
        statuses = self.replies[call.__name__]
        while not self._ended.is_set() or len(statuses) < FEWEST:
            statuses.append(call(self._url, self._brand, verify=False).status_code)

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(2 * len(self._calls)) as threads:
            callers = [threads.submit(self._repeat, call) for call in 2 * self._calls]
            try:
                yield
            finally:
                self._ended.set()
        for caller in callers:
            caller.result()

"""Retry a request as a real client does, for a limited time."""

import random
import time
from collections.abc import Callable, Generator

from tests.chaos.purchase_log import Entry
from tests.chaos.shop import Response

#: Seconds after which a client stops retrying: six leases of an idempotency key. On a busy machine one
#: call can meet connection errors, 503 and the lease of an interrupted attempt several times.
GIVE_UP_AFTER = 600.0
_MAX_PAUSE = 5.0


def retry(entry: Entry, name: str, call: Callable[[], Response]) -> Generator[float, None, Response]:
    """Retry with growing pauses while the response is retryable; return the last response."""
    deadline = time.monotonic() + GIVE_UP_AFTER
    pause = 0.2
    while True:
        response = call()
        entry.record(f"{name}: {response.summary}")
        if not response.is_retryable or time.monotonic() > deadline:
            return response
        yield response.retry_after if response.retry_after is not None else pause * random.uniform(0.5, 1.5)
        pause = min(pause * 2, _MAX_PAUSE)

"""Opening a payment takes as long for a known customer as for a new one.

Otherwise the duration of a reply would reveal whose e-mail address belongs to a customer: for a new one, Stripe is
called once more.
"""

import random
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from lumira import stripe_slots

#: Seconds. A call that took longer met a fault, which happens to few callers.
_LONGEST = 1.5
#: Seconds, until this process has measured a call.
_UNMEASURED = 0.3

#: How long the latest calls took that create a customer at Stripe, in seconds.
_measured: deque[float] = deque(maxlen=20)


@contextmanager
def measured() -> Iterator[None]:
    """Measure a call that creates a customer at Stripe, also one that Stripe refuses."""
    with stripe_slots.paused():
        started_at = time.perf_counter()
        try:
            yield
        finally:
            _measured.append(min(time.perf_counter() - started_at, _LONGEST))


def wait() -> None:
    """Wait as long as one of the latest calls took, because none is made."""
    # One of the measured durations and not their mean, which would differ from all of them in the same way.
    with stripe_slots.paused():
        time.sleep(random.choice(_measured or (_UNMEASURED,)))  # noqa: S311 - not a secret

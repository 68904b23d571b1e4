"""Repeating a call as a real client repeats it, and not for ever."""

import random
import time
from collections.abc import Callable, Generator

from tests.chaos.journal import Entry
from tests.chaos.shop import Answer

#: Seconds after which a client stops repeating a call: more than two leases of an idempotency key.
PATIENCE = 240.0
_LONGEST_PAUSE = 5.0


def insist(entry: Entry, what: str, ask: Callable[[], Answer]) -> Generator[float, None, Answer]:
    """Repeat a call while that may help, with growing pauses."""
    deadline = time.monotonic() + PATIENCE
    pause = 0.2
    while True:
        answer = ask()
        entry.note(f"{what}: {answer.summary}")
        if not answer.is_passing or time.monotonic() > deadline:
            return answer
        yield answer.retry_after if answer.retry_after is not None else pause * random.uniform(0.5, 1.5)
        pause = min(pause * 2, _LONGEST_PAUSE)

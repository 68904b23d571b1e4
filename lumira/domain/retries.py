"""How long to wait before something that failed is attempted again."""

from datetime import timedelta
from random import SystemRandom

_FIRST_DELAY, _LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=1)
#: The part of a delay by which it varies, so that attempts that failed together are not repeated together.
_JITTER = 0.2
_random = SystemRandom()


def retry_delay(attempts: int) -> timedelta:
    """Return the delay after this many attempts: 30 seconds, doubling up to one hour, plus or minus a fifth."""
    doublings = min(max(attempts, 1) - 1, 10)
    return min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY) * _random.uniform(1 - _JITTER, 1 + _JITTER)

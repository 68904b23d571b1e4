"""The clock of the code and, as a parameter of statements, of the database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

#: How far this process's clock is ahead of the machine's, negative for behind.
_shift = [timedelta()]


def utc_now() -> datetime:
    """Return the current time, aware, in UTC.

    Statements receive it instead of calling `now()`: one clock decides everywhere, and tests can move it.
    """
    return datetime.now(UTC) + _shift[0]


def time_ns() -> int:
    """Return the nanoseconds since the epoch by the same clock."""
    return time.time_ns() + int(_shift[0] / timedelta(microseconds=1)) * 1000


@contextmanager
def movable() -> Iterator[Callable[[datetime], timedelta]]:
    """Yield a function that sets this process's clock and returns how far it is then ahead of the machine's.

    It is the machine's again after the block. Only the demo does so, before it starts the processes that serve: it
    makes the sales of the days before.
    """

    def move_to(at: datetime) -> timedelta:
        _shift[0] = at - datetime.now(UTC)
        return _shift[0]

    try:
        yield move_to
    finally:
        _shift[0] = timedelta()

"""Rate limits are counted in the memory of a process, without a thread for each request."""

import threading
from datetime import UTC, datetime, timedelta

import time_machine

from lumira.rate_storage import ProcessStorage

NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def test_uses_count_until_their_period_ends() -> None:
    storage = ProcessStorage()
    with time_machine.travel(NOW, tick=False):
        assert [storage.incr("caller", 60), storage.incr("caller", 60)] == [1, 2]
    with time_machine.travel(NOW + timedelta(seconds=59), tick=False):
        assert storage.incr("caller", 60) == 3
    with time_machine.travel(NOW + timedelta(seconds=61), tick=False):
        assert storage.incr("caller", 60) == 1


def test_counts_that_are_over_are_removed() -> None:
    storage = ProcessStorage()
    with time_machine.travel(NOW, tick=False):
        for number in range(100):
            storage.incr(f"caller-{number}", 60)
    with time_machine.travel(NOW + timedelta(minutes=3), tick=False):
        storage.incr("later", 60)
    assert list(storage.storage) == ["later"]


def test_counting_starts_no_thread() -> None:
    storage = ProcessStorage()
    storage.timer.join()
    before = threading.active_count()
    for number in range(100):
        storage.incr(f"caller-{number}", 60)
    assert threading.active_count() == before

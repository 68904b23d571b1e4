"""Threads share a read, and none gets the result of one that began before it called."""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock

import pytest

from lumira.shared_reads import SharedReads

WITHIN = 10.0


class Readings:
    """Reads that wait for permission to end; each returns how many had begun."""

    def __init__(self) -> None:
        self.shared: SharedReads[str, int] = SharedReads()
        self.begun: list[Event] = [Event() for _ in range(5)]
        self.may_end: list[Event] = [Event() for _ in range(5)]
        self.count = 0

    def read(self) -> int:
        number = self.count
        self.count += 1
        self.begun[number].set()
        assert self.may_end[number].wait(WITHIN)
        return number

    def called(self, threads: ThreadPoolExecutor, key: str = "catalog") -> Future[int]:
        """Call in a thread, and return once the call has begun to wait."""
        waiting = Event()

        def call() -> int:
            waiting.set()
            return self.shared.read(key, self.read)

        future = threads.submit(call)
        assert waiting.wait(WITHIN)
        return future


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(10) as pool:
        yield pool


def test_a_caller_gets_a_read_that_began_after_its_call(threads: ThreadPoolExecutor) -> None:
    readings = Readings()
    first = readings.called(threads)
    assert readings.begun[0].wait(WITHIN)
    later = [readings.called(threads) for _ in range(4)]
    for may_end in readings.may_end:
        may_end.set()
    assert first.result(WITHIN) == 0
    # Never the read that had begun before them.
    assert all(future.result(WITHIN) >= 1 for future in later)


def test_callers_that_come_while_a_read_runs_share_the_next_one(threads: ThreadPoolExecutor) -> None:
    readings = Readings()
    readings.called(threads)
    assert readings.begun[0].wait(WITHIN)
    later = [readings.called(threads) for _ in range(4)]
    wait_until_joined(readings, later)
    for may_end in readings.may_end:
        may_end.set()
    assert [future.result(WITHIN) for future in later] == [1] * 4
    assert readings.count == 2


def wait_until_joined(readings: Readings, later: list[Future[int]]) -> None:
    """Return once each of these calls waits: they take the lock once, in less than the many turns given here."""
    turn = Event()
    for _ in range(50):
        turn.wait(0.01)
    assert readings.count == 1
    assert not any(future.done() for future in later)


def test_under_load_each_caller_sees_what_was_written_before_its_call(threads: ThreadPoolExecutor) -> None:
    shared: SharedReads[str, int] = SharedReads()
    newest, writing, at_once = [0], Lock(), Lock()

    def read() -> int:
        assert at_once.acquire(blocking=False), "two reads of one key at once"
        seen = newest[0]
        at_once.release()
        return seen

    def call() -> bool:
        with writing:
            newest[0] += 1
            mine = newest[0]
        return shared.read("catalog", read) >= mine

    interval = sys.getswitchinterval()
    # Threads change places as often as possible.
    sys.setswitchinterval(1e-6)
    try:
        assert all(threads.map(lambda _: all(call() for _ in range(500)), range(10)))
    finally:
        sys.setswitchinterval(interval)


def test_other_keys_do_not_wait(threads: ThreadPoolExecutor) -> None:
    readings = Readings()
    readings.called(threads)
    assert readings.begun[0].wait(WITHIN)
    other = readings.called(threads, "another catalog")
    readings.may_end[1].set()
    assert other.result(WITHIN) == 1
    readings.may_end[0].set()


def test_an_error_is_raised_for_each_caller_and_not_kept(threads: ThreadPoolExecutor) -> None:
    shared: SharedReads[str, int] = SharedReads()

    def fail() -> int:
        raise ConnectionError("lost")

    for _ in range(2):
        with pytest.raises(ConnectionError):
            shared.read("catalog", fail)
    assert shared.read("catalog", lambda: 7) == 7


def test_an_error_of_one_read_does_not_end_the_next(threads: ThreadPoolExecutor) -> None:
    shared: SharedReads[str, int] = SharedReads()
    begun, may_end = Event(), Event()

    def fail() -> int:
        begun.set()
        assert may_end.wait(WITHIN)
        raise ConnectionError("lost")

    first = threads.submit(shared.read, "catalog", fail)
    assert begun.wait(WITHIN)
    second = threads.submit(shared.read, "catalog", lambda: 8)
    may_end.set()
    with pytest.raises(ConnectionError):
        first.result(WITHIN)
    assert second.result(WITHIN) == 8

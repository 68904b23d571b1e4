"""Requests that call Stripe: as many wait at once as there are slots, and few work at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.settings import Settings
from lumira import stripe_slots
from lumira.errors.stripe import StripeBusy

SLOTS = 20
#: Seconds after which a thread that should not wait would fail the test.
PATIENCE = 60


class Gauge:
    """How many threads are in a section at once, and the most that ever were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __enter__(self) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._now -= 1


@pytest.fixture(autouse=True)
def slots(settings: Settings) -> Iterator[None]:
    stripe_slots.configure(SLOTS)
    yield
    stripe_slots.configure(settings.stripe_concurrency)


def test_all_slots_wait_for_stripe_at_once_and_few_requests_work_when_it_responds() -> None:
    working = Gauge()
    all_wait = threading.Barrier(SLOTS)

    def request(_: int) -> None:
        with stripe_slots.admitted():
            for _call in range(3):
                with working:
                    threading.Event().wait(0.005)
                with stripe_slots.occupied(), stripe_slots.paused():
                    # Passes only if every request waits for Stripe at the same time.
                    all_wait.wait(PATIENCE)
            with working:
                threading.Event().wait(0.005)

    with ThreadPoolExecutor(SLOTS) as threads:
        list(threads.map(request, range(SLOTS)))
    assert 1 < working.most <= 4


def test_a_request_that_fails_gives_everything_back() -> None:
    def fail() -> None:
        with stripe_slots.admitted(), stripe_slots.occupied():
            raise ZeroDivisionError

    for _ in range(SLOTS * 2):
        with pytest.raises(ZeroDivisionError):
            fail()
    with stripe_slots.admitted(), stripe_slots.occupied():
        stripe_slots.require()


def test_without_a_free_slot_two_requests_begin_and_none_calls_stripe() -> None:
    stripe_slots.configure(1)
    outcomes: list[str] = []
    begun, end = threading.Barrier(4), threading.Event()

    def call() -> None:
        with stripe_slots.admitted(), stripe_slots.occupied():
            begun.wait(PATIENCE)
            end.wait(PATIENCE)

    def begin() -> None:
        with stripe_slots.admitted():
            with pytest.raises(StripeBusy):
                stripe_slots.require()
            outcomes.append("begun")
            with stripe_slots.paused():
                begun.wait(PATIENCE)
                end.wait(PATIENCE)

    threads = [threading.Thread(target=call)]
    threads[0].start()
    while stripe_slots._slots[0].calls._value:  # type: ignore[attr-defined]
        threading.Event().wait(0.01)
    threads += [threading.Thread(target=begin) for _ in range(2)]
    for thread in threads[1:]:
        thread.start()
    begun.wait(PATIENCE)
    with pytest.raises(StripeBusy), stripe_slots.admitted():
        pytest.fail("begun")
    end.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert outcomes == ["begun", "begun"]

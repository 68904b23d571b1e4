"""Events are stored together as far as they wait for each other anyway, and never for a transaction that hangs."""

from collections.abc import Sequence
from contextlib import nullcontext
from threading import Event
from typing import Any

import pytest

from lumira.webhooks import committer
from lumira.webhooks.committer import Committer

#: Seconds within which a thread does its work.
SOON = 30


class Stored:
    """What was stored, in the transactions in which it was."""

    def __init__(self) -> None:
        self.transactions: list[list[Any]] = []
        self.results: dict[str, bool | None] = {}
        self.began, self.may_end, self.ended = Event(), Event(), Event()

    def insert(self, rows: Sequence[Any], **_: Any) -> list[bool]:
        self.transactions.append(list(rows))
        if rows[0] == "slow":
            self.began.set()
            assert self.may_end.wait(SOON)
        if "bad" in rows:
            raise ValueError
        return [True] * len(rows)

    def note(self, results: Sequence[tuple[str, bool | None]]) -> None:
        self.results.update(results)
        if "last" in self.results:
            self.ended.set()


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    stored = Stored()
    monkeypatch.setattr(committer, "insert", stored.insert)
    return stored


def submit(events: Committer[str], *names: str) -> None:
    for name in names:
        assert events.submit(name, name)


def test_an_event_does_not_wait_for_a_transaction_that_hangs(stored: Stored) -> None:
    events = Committer[str](nullcontext, stored.note)
    events.start()
    submit(events, "slow")
    assert stored.began.wait(SOON)
    submit(events, "last")
    assert stored.ended.wait(SOON)
    assert stored.results == {"last": True}
    stored.may_end.set()


def test_what_comes_during_a_transaction_is_stored_with_the_next_one(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "PATIENCE", SOON)
    events = Committer[str](nullcontext, stored.note)
    events.start()
    submit(events, "slow")
    assert stored.began.wait(SOON)
    submit(events, "a", "b", "last")
    stored.may_end.set()
    assert stored.ended.wait(SOON)
    assert stored.transactions == [["slow"], ["a", "b", "last"]]


def test_no_transaction_stores_more_than_the_most(stored: Stored) -> None:
    events = Committer[str](nullcontext, stored.note)
    names = [str(number) for number in range(committer.MOST_TOGETHER + 1)]
    submit(events, *names)
    events.store_waiting()
    events.store_waiting()
    assert list(map(len, stored.transactions)) == [committer.MOST_TOGETHER, 1]


def test_a_bad_event_lets_each_be_stored_alone_and_the_next_ones_together(stored: Stored) -> None:
    events = Committer[str](nullcontext, stored.note)
    submit(events, "a", "bad")
    events.store_waiting()
    submit(events, "last")
    events.store_waiting()
    assert stored.results == {"a": None, "bad": None, "last": True}

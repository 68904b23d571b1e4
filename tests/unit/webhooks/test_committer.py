"""Events are stored together as far as they wait for each other anyway, and never for a transaction that hangs."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from lumira.webhooks import committer
from lumira.webhooks.committer import Committer


class Session:
    """A session whose transactions end when the test says so."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.transactions: list[list[Any]] = []
        self.result: list[bool] | Exception | None = None
        self.unsent = 0
        self.is_usable = True
        self.is_closed = False

    def fileno(self) -> int:
        return self.number

    def send(self, rows: Sequence[Any]) -> bool:
        if "unsendable" in rows:
            raise ValueError
        self.transactions.append(list(rows))
        self.result = psycopg.DataError() if "bad" in rows else [True] * len(rows)
        return self.unsent > 0

    def flush(self) -> bool:
        self.unsent -= 1
        return self.unsent > 0

    def receive(self) -> list[bool] | None:
        result, self.result = self.result, None
        if isinstance(result, Exception):
            raise result
        return result

    def is_usable_after(self, _error: psycopg.Error | None) -> bool:
        return self.is_usable

    def close(self) -> None:
        self.is_closed = True


class Loop:
    """A main loop without sockets, with a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sessions: list[Session] = []
        self.is_database_there = True
        self.ready: dict[int, Callable[[], None]] = {}
        self.writing: set[int] = set()
        self.results: dict[str, bool | None] = {}
        self.events = Committer[str](self.open_session, self.results.update)

    def monotonic(self) -> float:
        return self.now

    def open_session(self) -> Session:
        if not self.is_database_there:
            raise psycopg.OperationalError
        self.sessions.append(Session(len(self.sessions)))
        return self.sessions[-1]

    def watch(self, fd: int, ready: Callable[[], None], *, writing: bool = False) -> None:
        self.ready[fd] = ready
        self.writing = self.writing | {fd} if writing else self.writing - {fd}

    def unwatch(self, fd: int) -> None:
        del self.ready[fd]

    def call(self, function: Callable[[], None]) -> None:
        function()

    def submit(self, *names: str) -> list[bool]:
        return [self.events.submit(name, name) for name in names]  # type: ignore[arg-type] - a row is not looked at


class Thread:
    """Runs its function at once."""

    def __init__(self, *, target: Callable[[], None], **_: Any) -> None:
        self.start = target


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    loop = Loop()
    monkeypatch.setattr(committer, "time", loop)
    monkeypatch.setattr(committer, "Thread", Thread)
    loop.events.start(loop)
    return loop


def test_an_event_does_not_wait_for_a_transaction_that_hangs(loop: Loop) -> None:
    loop.submit("slow")
    loop.events.advance()
    loop.submit("next")
    loop.events.advance()
    assert [session.transactions for session in loop.sessions] == [[["slow"]]]
    assert loop.events.pause() == pytest.approx(committer.PATIENCE)

    loop.now += committer.PATIENCE
    assert loop.events.pause() == 0
    loop.events.advance()
    loop.events.advance()
    assert [session.transactions for session in loop.sessions] == [[["slow"]], [["next"]]]
    loop.ready[1]()
    assert loop.results == {"next": True}


def test_a_transaction_that_does_not_end_is_given_up(loop: Loop) -> None:
    loop.submit("hangs")
    loop.events.advance()
    loop.now += committer.LONGEST
    loop.events.advance()
    assert loop.results == {}

    loop.now += 1
    loop.events.advance()
    assert loop.results == {"hangs": None}
    assert (loop.sessions[0].is_closed, loop.ready) == (True, {})
    assert loop.submit("opens a session") == [False]
    assert loop.submit("next") == [True]


def test_an_event_waits_only_so_long(loop: Loop) -> None:
    loop.is_database_there = False
    loop.submit("first")
    loop.events.advance()
    waiting = [str(number) for number in range(committer.MOST_TOGETHER + 1)]
    loop.submit(*waiting)
    loop.now += committer.LONGEST - 1
    loop.ready[0]()
    loop.events.advance()
    loop.now += 2
    loop.events.advance()
    assert loop.results == {"first": True, waiting[-1]: None}
    loop.ready[0]()
    assert loop.results == {"first": True, waiting[-1]: None} | dict.fromkeys(waiting[:-1], True)


def test_a_system_without_another_thread_stops_nothing(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError

    loop.sessions[0].is_usable = False
    loop.ready[0]()
    with monkeypatch.context() as patched:
        patched.setattr(Thread, "__init__", lambda thread, **_: setattr(thread, "start", fail))
        assert loop.submit("declined") == [False]
    loop.now += committer.RETRY_AFTER
    assert loop.submit("opens a session") == [False]
    assert loop.submit("next") == [True]


def test_what_comes_during_a_transaction_is_stored_with_the_next_one(loop: Loop) -> None:
    loop.submit("first")
    loop.events.advance()
    loop.submit("a", "b")
    loop.events.advance()
    loop.submit("c")
    loop.ready[0]()
    assert loop.results == {"first": True}
    loop.events.advance()
    loop.ready[0]()
    assert loop.sessions[0].transactions == [["first"], ["a", "b", "c"]]
    assert loop.results == dict.fromkeys(("first", "a", "b", "c"), True)
    assert loop.events.pause() is None


def test_no_transaction_stores_more_than_the_most(loop: Loop) -> None:
    loop.submit(*(str(number) for number in range(committer.MOST_TOGETHER + 1)))
    for _ in range(2):
        loop.events.advance()
        loop.ready[0]()
    assert list(map(len, loop.sessions[0].transactions)) == [committer.MOST_TOGETHER, 1]


def test_deliveries_are_declined_while_too_many_wait(loop: Loop) -> None:
    most = committer.MOST_WAITING
    assert loop.submit(*map(str, range(most + 1))) == [True] * most + [False]


@pytest.mark.parametrize("name", ["bad", "unsendable"])
def test_a_bad_event_lets_each_be_stored_alone_and_the_next_ones_together(loop: Loop, name: str) -> None:
    loop.submit("a", name)
    loop.events.advance()
    for ready in list(loop.ready.values()):
        ready()
    assert loop.results == {"a": None, name: None}
    # An error that is not the database's leaves the session in an unknown state: another one is opened.
    while not all(loop.submit("b", "c")):
        loop.now += committer.RETRY_AFTER
    loop.events.advance()
    for ready in list(loop.ready.values()):
        ready()
    assert (loop.results["b"], loop.results["c"]) == (True, True)


def test_no_event_waits_for_a_database_that_is_lost(loop: Loop) -> None:
    loop.submit("running")
    loop.events.advance()
    loop.submit("waiting")
    loop.is_database_there = loop.sessions[0].is_usable = False
    loop.sessions[0].result = psycopg.OperationalError()
    loop.ready[0]()
    assert loop.results == {"running": None, "waiting": None}
    assert (loop.sessions[0].is_closed, loop.ready) == (True, {})
    assert loop.submit("declined") == [False]

    loop.is_database_there = True
    assert loop.submit("too soon after the last attempt") == [False]
    loop.now += committer.RETRY_AFTER
    assert loop.submit("opens a session") == [False]
    assert loop.submit("again") == [True]
    loop.events.advance()
    loop.ready[1]()
    assert loop.results["again"] is True


def test_an_idle_session_that_ends_is_not_used_any_more(loop: Loop) -> None:
    loop.sessions[0].is_usable = False
    loop.ready[0]()
    assert loop.sessions[0].is_closed
    assert loop.submit("a") == [False]
    assert loop.submit("b") == [True]
    loop.events.advance()
    assert loop.sessions[1].transactions == [["b"]]


def test_a_message_that_the_database_reads_slowly_is_sent_part_by_part(loop: Loop) -> None:
    session = loop.sessions[0]
    session.unsent = 2
    loop.submit("large")
    loop.events.advance()
    assert loop.writing == {0}
    session.result = None
    loop.ready[0]()
    assert loop.writing == {0}
    session.result = [True]
    loop.ready[0]()
    assert (loop.writing, loop.results) == (set(), {"large": True})


def test_a_reply_that_fails_stops_no_other_event(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_results: object) -> None:
        raise ValueError

    monkeypatch.setattr(loop.events, "_stored", fail)
    loop.submit("a")
    loop.events.advance()
    loop.ready[0]()
    monkeypatch.setattr(loop.events, "_stored", loop.results.update)
    loop.submit("b")
    loop.events.advance()
    loop.ready[0]()
    assert loop.results == {"b": True}

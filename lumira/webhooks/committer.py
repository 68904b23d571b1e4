"""Stores events of several deliveries in one transaction: all that have come while the one before was committed.

It runs in the web server's main loop, which waits for nothing: no thread has to wake for an event, and none keeps
another one from running. What cannot be stored together is given back, for each event to be stored alone: a bad event
harms no other one, and errors are those of a delivery that came alone.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Generic, Protocol, TypeVar

import psycopg
import structlog

from lumira.webhooks.event_rows import EventRow

#: Events of one transaction: more would make the first of them wait noticeably for the others.
MOST_TOGETHER = 64
#: Events that wait in a process. With more, the database does not keep up, and waiting longer helps no one.
MOST_WAITING = 256
#: Transactions at once. More than one is needed where the disk is slow, or one waits for a lock.
LANES = 4
#: Seconds after which an event waits no longer for the transaction that runs: another one begins beside it.
PATIENCE = 0.025
#: Seconds after which a transaction is given up, and an event waits no longer for one: the database hangs, or its host
#: is gone and no packet says so. A thread tries then, and replies 503 if it cannot store the event either.
LONGEST = 20.0
#: Seconds between two attempts to reach the database. Meanwhile, deliveries are declined.
RETRY_AFTER = 1.0

Item = TypeVar("Item")

log = structlog.get_logger()


class Loop(Protocol):
    """The main loop, as far as storing needs it. Only `call` may be called by another thread."""

    def watch(self, fd: int, ready: Callable[[], None], *, writing: bool = False) -> None:
        """Call `ready` whenever there is something to read, or also when something can be written."""

    def unwatch(self, fd: int) -> None:
        """Watch it no longer."""

    def call(self, function: Callable[[], None]) -> None:
        """Call a function in the main loop, soon."""


class Session(Protocol):
    """A session of the database (`inbox_session`)."""

    def fileno(self) -> int:
        """Return the socket, which is readable when a result has arrived."""

    def send(self, rows: Sequence[EventRow]) -> bool:
        """Begin to store events; returns whether a part could not be sent yet."""

    def flush(self) -> bool:
        """Send what could not be sent; returns whether a part still could not."""

    def receive(self) -> list[bool] | None:
        """Return which of the events were new, or `None` as long as their transaction runs."""

    def is_usable_after(self, error: psycopg.Error | None) -> bool:
        """Return whether the session can run another statement."""

    def close(self) -> None:
        """End the session."""


class _Lane(Generic[Item]):
    """A session with the events that it stores; none if it is idle."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.batch: Sequence[tuple[EventRow, Item]] = ()
        self.began_at = 0.0
        self.is_sending = False


class Committer(Generic[Item]):
    """The events of one process.

    On a fast disk one lane works, because two would share what waits, and commit twice as often.
    """

    def __init__(
        self,
        open_session: Callable[[], Session],
        stored: Callable[[Sequence[tuple[Item, bool | None]]], None],
    ) -> None:
        """`stored` gets each item with whether its event was new, after the commit; `None`: store it alone."""
        self._open_session = open_session
        self._stored = stored
        self._loop: Loop | None = None
        self._lanes: list[_Lane[Item]] = []
        #: Each event with the time since when it waits.
        self._waiting: deque[tuple[float, EventRow, Item]] = deque()
        self._is_opening = False
        self._open_again_at = 0.0

    def start(self, loop: Loop) -> None:
        """Begin to store events; in the process that serves. Waits for the first session."""
        self._loop = loop
        self._opened(self._open())

    @property
    def is_open(self) -> bool:
        """Whether the database is reached."""
        return bool(self._lanes)

    def has_room(self) -> bool:
        """Return whether another event is accepted: not if too many wait already, or the database is not reached."""
        if not self._lanes:
            self._open_another()
            return False
        return len(self._waiting) < MOST_WAITING

    def submit(self, row: EventRow, item: Item) -> bool:
        """Have an event stored; `False` if there is no room."""
        if not self.has_room():
            return False
        self._waiting.append((time.monotonic(), row, item))
        return True

    def pause(self) -> float | None:
        """Return after how many seconds `advance` has to be called, whatever happens; `None`: never."""
        can_begin = any(not lane.batch for lane in self._lanes) or self._may_open_another()
        if not self._waiting or not can_begin:
            return None
        return max(0.0, self._waiting[0][0] + PATIENCE - time.monotonic())

    def advance(self) -> None:
        """Store what waits, unless a transaction runs that it may wait for; called after each look at the sockets."""
        self._give_up_overdue()
        while self._waiting:
            is_running = any(lane.batch for lane in self._lanes)
            if is_running and time.monotonic() < self._waiting[0][0] + PATIENCE:
                return
            idle = next((lane for lane in self._lanes if not lane.batch), None)
            if idle is None:
                self._open_another()
                return
            self._begin(idle)

    def _give_up_overdue(self) -> None:
        overdue = time.monotonic() - LONGEST
        for lane in [lane for lane in self._lanes if lane.batch and lane.began_at < overdue]:
            # Perhaps its events are stored nevertheless: whoever stores one alone finds it then.
            self._fail(lane, TimeoutError())
        given_up: list[tuple[Item, bool | None]] = []
        while self._waiting and self._waiting[0][0] < overdue:
            given_up.append((self._waiting.popleft()[2], None))
        if given_up:
            self._reply(given_up)

    def _begin(self, lane: _Lane[Item]) -> None:
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
        lane.batch, lane.began_at = [(row, item) for _, row, item in taken], time.monotonic()
        try:
            self._watch(lane, is_sending=lane.session.send([row for row, _ in lane.batch]))
        except Exception as error:  # noqa: BLE001 - each is stored alone, and replies with its own error
            self._fail(lane, error)

    def _ready(self, lane: _Lane[Item]) -> None:
        """Read what the database sent: a result, or that the session has ended."""
        try:
            if lane.is_sending:
                self._watch(lane, is_sending=lane.session.flush())
            are_new = lane.session.receive()
        except Exception as error:  # noqa: BLE001 - each is stored alone, and replies with its own error
            self._fail(lane, error)
            return
        if are_new is not None:
            self._end(lane, are_new)
        elif not lane.batch and not lane.session.is_usable_after(None):
            self._close(lane)

    def _fail(self, lane: _Lane[Item], error: Exception) -> None:
        if not isinstance(error, psycopg.Error) or not lane.session.is_usable_after(error):
            self._close(lane)
        if lane.batch:
            log.info("deliveries_not_stored_together", number=len(lane.batch), error=type(error).__name__)
            self._end(lane, [None] * len(lane.batch))

    def _end(self, lane: _Lane[Item], are_new: Sequence[bool | None]) -> None:
        batch, lane.batch = lane.batch, ()
        self._reply([(item, is_new) for (_, item), is_new in zip(batch, are_new, strict=True)])

    def _reply(self, results: Sequence[tuple[Item, bool | None]]) -> None:
        try:
            self._stored(results)
        except Exception:
            # The main loop must go on: without it, no request would get a reply.
            log.exception("delivery_replies_failed")

    def _close(self, lane: _Lane[Item]) -> None:
        self._lanes.remove(lane)
        if self._loop is not None:
            self._loop.unwatch(lane.session.fileno())
        lane.session.close()
        if not self._lanes and self._waiting:
            given_back = [(item, None) for _, _, item in self._waiting]
            self._waiting.clear()
            self._reply(given_back)

    def _watch(self, lane: _Lane[Item], *, is_sending: bool) -> None:
        if self._loop is not None and is_sending != lane.is_sending:
            lane.is_sending = is_sending
            self._loop.watch(lane.session.fileno(), partial(self._ready, lane), writing=is_sending)

    def _may_open_another(self) -> bool:
        return not self._is_opening and len(self._lanes) < LANES and time.monotonic() >= self._open_again_at

    def _open_another(self) -> None:
        """Open a session in a thread: that takes some milliseconds, and many seconds if the database is not there."""
        if self._loop is None or not self._may_open_another():
            return
        self._is_opening = True
        call = self._loop.call
        try:
            Thread(target=lambda: call(partial(self._opened, self._open())), daemon=True).start()
        except RuntimeError:
            # The system has no thread left for this process.
            self._opened(None)

    def _open(self) -> Session | None:
        try:
            return self._open_session()
        except Exception as error:  # noqa: BLE001 - whoever delivers meanwhile gets the error of the route
            log.info("inbox_session_not_opened", error=type(error).__name__)
            return None

    def _opened(self, session: Session | None) -> None:
        self._is_opening = False
        if session is None or self._loop is None:
            self._open_again_at = time.monotonic() + RETRY_AFTER
            return
        lane = _Lane[Item](session)
        self._lanes.append(lane)
        self._loop.watch(session.fileno(), partial(self._ready, lane))

"""Stores events of several deliveries in one transaction: all that have come while the one before was committed.

No delivery waits for company. What cannot be stored together is given back, for each to be stored alone: a bad event
harms no other one, and errors are those of a delivery that came alone.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Condition, Thread
from typing import Generic, TypeVar

import structlog

from lumira.webhooks.event_rows import EventRow, insert

#: Events of one transaction: more would make the first of them wait noticeably for the others.
MOST_TOGETHER = 64
#: Events that wait in a process. With more, the database does not keep up, and waiting longer helps no one.
MOST_WAITING = 256
#: Transactions at once. More than one is needed where the disk is slow, or one waits for a lock.
LANES = 4
#: Seconds after which an event waits no longer for the transaction that runs: another one begins beside it.
PATIENCE = 0.005

Item = TypeVar("Item")

log = structlog.get_logger()


class Committer(Generic[Item]):
    """The threads of a process that store events.

    On a fast disk one of them works, because two would share what waits, and commit twice as often.
    """

    def __init__(
        self,
        context: Callable[[], AbstractContextManager[object]],
        stored: Callable[[Sequence[tuple[Item, bool | None]]], None],
    ) -> None:
        """`stored` gets each item with whether its event was new, after the commit; `None`: store it alone."""
        self._context = context
        self._stored = stored
        #: Each event with the time since when it waits.
        self._waiting: deque[tuple[float, EventRow, Item]] = deque()
        self._condition = Condition()
        #: Transactions that run.
        self._running = 0
        #: Whether a thread waits until the patience of the first event ends.
        self._is_watched = False

    def start(self) -> None:
        """Begin to store events; in the process that serves, because a thread does not outlive a fork."""
        for number in range(LANES):
            Thread(target=self._run, name=f"committer-{number}", daemon=True).start()

    def submit(self, row: EventRow, item: Item) -> bool:
        """Have an event stored; `False` if too many wait already."""
        with self._condition:
            if len(self._waiting) >= MOST_WAITING:
                return False
            self._waiting.append((time.monotonic(), row, item))
            if not self._is_watched:
                self._condition.notify()
        return True

    def _run(self) -> None:
        with self._context():
            while True:
                self.store_waiting()

    def store_waiting(self) -> None:
        """Store the events that wait, up to the most of one transaction; waits for the first one if there is none."""
        batch = self._take()
        try:
            self._store(batch)
        finally:
            with self._condition:
                self._running -= 1

    def _take(self) -> list[tuple[EventRow, Item]]:
        with self._condition:
            while (pause := self._pause()) != 0:
                # Without an event nothing has to be watched.
                is_watching = pause is not None and not self._is_watched
                self._is_watched |= is_watching
                self._condition.wait(pause if is_watching else None)
                if is_watching:
                    self._is_watched = False
            self._running += 1
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
            if self._waiting:
                # More than one transaction takes: another thread watches them.
                self._condition.notify()
        return [(row, item) for _, row, item in batch]

    def _pause(self) -> float | None:
        """Return for how many seconds the first event waits for others at most; `None` if there is no event."""
        if not self._waiting:
            return None
        if self._running == 0:
            return 0
        return max(0.0, self._waiting[0][0] + PATIENCE - time.monotonic())

    def _store(self, batch: Sequence[tuple[EventRow, Item]]) -> None:
        are_new: Sequence[bool | None]
        try:
            are_new = insert([row for row, _ in batch], together=True)
        except Exception as error:  # noqa: BLE001 - each is stored alone, and replies with its own error
            log.info("deliveries_not_stored_together", number=len(batch), error=type(error).__name__)
            are_new = [None] * len(batch)
        try:
            self._stored([(item, is_new) for (_, item), is_new in zip(batch, are_new, strict=True)])
        except Exception:
            # This thread must go on: without it, no delivery would get a reply.
            log.exception("delivery_replies_failed")

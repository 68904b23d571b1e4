"""Run many tasks in few threads: a waiting task occupies no thread.

A task is a generator that yields the seconds to wait. A buyer whose request died with its process waits for its
idempotency key for a minute and a half, and meanwhile the thread runs other buyers.
"""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Iterator

Task = Iterator[float]


class Schedule:
    """Runs tasks until all are done; `errors` contains the tracebacks of tasks that raised."""

    def __init__(self, threads: int) -> None:
        self.errors: list[str] = []
        self._waiting: list[tuple[float, int, Task, bool]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._active = 0
        self._counted = 0
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, name=f"buyer-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, task: Task, *, after: float = 0, counted: bool = False) -> None:
        """Start a task in `after` seconds; a `counted` task occupies a place of `wait_for_place`."""
        with self._changed:
            self._active += 1
            self._counted += counted
            self._push(task, after, counted)

    def wait_for_place(self, places: int) -> None:
        """Return once fewer than `places` counted tasks are in progress."""
        with self._changed:
            self._changed.wait_for(lambda: self._counted < places or self._stopping)

    def wait_until_done(self) -> None:
        """Return once every task is done, including tasks added meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0 or self._stopping)

    def stop(self) -> None:
        """Let every thread end after the current step."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _push(self, task: Task, after: float, counted: bool) -> None:
        heapq.heappush(self._waiting, (time.monotonic() + after, next(self._numbers), task, counted))
        self._changed.notify_all()

    def _run(self) -> None:
        while (entry := self._take()) is not None:
            task, counted = entry
            pause: float | None
            try:
                pause = next(task, None)
            except Exception:  # noqa: BLE001 - reported at the end of the run
                self.errors.append(traceback.format_exc())
                pause = None
            with self._changed:
                if pause is None:
                    self._active -= 1
                    self._counted -= counted
                    self._changed.notify_all()
                else:
                    self._push(task, pause, counted)

    def _take(self) -> tuple[Task, bool] | None:
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    _, _, task, counted = heapq.heappop(self._waiting)
                    return task, counted
                self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
        return None

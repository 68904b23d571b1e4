"""Many errands in few threads: an errand that waits takes nobody's time.

An errand is a generator that yields how many seconds it waits. A buyer whose call died with its process
waits for its key for a minute and a half, and meanwhile others go on buying.
"""

import heapq
import itertools
import threading
import time
import traceback
from collections.abc import Iterator

Errand = Iterator[float]


class Schedule:
    """Runs errands until all are done; `errors` holds what an errand raised, which is a mistake of ours."""

    def __init__(self, threads: int) -> None:
        self.errors: list[str] = []
        self._waiting: list[tuple[float, int, Errand, bool]] = []
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

    def add(self, errand: Errand, *, after: float = 0, counted: bool = False) -> None:
        """Begin an errand in `after` seconds; one that is `counted` takes a place of `wait_for_place`."""
        with self._changed:
            self._active += 1
            self._counted += counted
            self._push(errand, after, counted)

    def wait_for_place(self, places: int) -> None:
        """Return once fewer than so many counted errands are under way."""
        with self._changed:
            self._changed.wait_for(lambda: self._counted < places or self._stopping)

    def wait_until_done(self) -> None:
        """Return once every errand is done, those that were added meanwhile included."""
        with self._changed:
            self._changed.wait_for(lambda: self._active == 0 or self._stopping)

    def stop(self) -> None:
        """Let every thread end after the step in hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def _push(self, errand: Errand, after: float, counted: bool) -> None:
        heapq.heappush(self._waiting, (time.monotonic() + after, next(self._numbers), errand, counted))
        self._changed.notify_all()

    def _run(self) -> None:
        while (found := self._take()) is not None:
            errand, counted = found
            pause: float | None
            try:
                pause = next(errand, None)
            except Exception:  # noqa: BLE001 - shown at the end, with all that is needed to mend it
                self.errors.append(traceback.format_exc())
                pause = None
            with self._changed:
                if pause is None:
                    self._active -= 1
                    self._counted -= counted
                    self._changed.notify_all()
                else:
                    self._push(errand, pause, counted)

    def _take(self) -> tuple[Errand, bool] | None:
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    _, _, errand, counted = heapq.heappop(self._waiting)
                    return errand, counted
                self._changed.wait(self._waiting[0][0] - now if self._waiting else None)
        return None

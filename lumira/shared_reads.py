"""Reads that the threads of one process share."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class SharedReads(Generic[Key, Value]):
    """Runs one read of a key at a time; callers that come meanwhile share the next one.

    No caller gets the result of a read that had begun before it called: it sees all that was committed before.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        #: The read of each key that runs.
        self._running: dict[Key, Future[Value]] = {}
        #: The read that begins when that one has ended: until then callers can join it.
        self._next: dict[Key, Future[Value]] = {}

    def read(self, key: Key, read: Callable[[], Value]) -> Value:
        """Return what `read` returns, called by this thread or by another one after this call; raises its error."""
        own: Future[Value] = Future()
        with self._lock:
            running = self._running.setdefault(key, own)
            joined = own if running is own else self._next.setdefault(key, own)
        if joined is not own:
            return joined.result()
        if running is not own:
            # It waits for the end alone, not for the result.
            running.exception()
            with self._lock:
                self._running[key] = self._next.pop(key)
        self._run(key, own, read)
        return own.result()

    def _run(self, key: Key, own: Future[Value], read: Callable[[], Value]) -> None:
        try:
            value = read()
        except BaseException as error:  # noqa: BLE001 - each caller raises it
            self._end(key)
            own.set_exception(error)
        else:
            self._end(key)
            own.set_result(value)

    def _end(self, key: Key) -> None:
        """Let a new caller begin a read, unless one waits: that one replaces the read that has ended.

        Before the result is set, which lets the one that waits continue.
        """
        with self._lock:
            if key not in self._next:
                del self._running[key]

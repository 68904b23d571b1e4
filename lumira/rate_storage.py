"""The storage of rate limits in the memory of one process, for an installation without Redis."""

import time
from typing import ClassVar

from limits.storage import MemoryStorage

#: Seconds between two removals of counts that are over.
_PURGED_EVERY = 60


class ProcessStorage(MemoryStorage):
    """The storage of `limits`, without its thread.

    That one is started for nearly every request, and looks at every count each time: with many callers it takes longer
    than the requests.
    """

    STORAGE_SCHEME: ClassVar[list[str]] = ["process"]  # type: ignore[misc]

    _purged_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count `amount` uses of the key, for `expiry` seconds from the first one; returns how many it has now."""
        now = time.time()
        self._purge(now)
        if self.expirations.get(key, 0) <= now:
            # Removes what was counted under the key: its time is over.
            self.get(key)
        with self.locks[key]:
            counted = self.storage[key] = self.storage[key] + amount
            if counted == amount:
                self.expirations[key] = now + expiry
        return counted

    def _purge(self, now: float) -> None:
        if now - self._purged_at < _PURGED_EVERY:
            return
        self._purged_at = now
        for key in list(self.expirations):
            self.get(key)

"""How long requests wait because of injected latency; it ends early when the faults of their account are replaced."""

import threading
from collections import defaultdict


class Latency:
    """The waiting requests of all accounts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: By account, set when its present faults are replaced.
        self._replaced: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def present(self, account_id: str) -> threading.Event:
        """Return what ends the waits of a request; called before the faults of the request are read."""
        with self._lock:
            return self._replaced[account_id]

    def end(self, account_id: str) -> None:
        """End the waits of the account's requests, after its faults were replaced."""
        with self._lock:
            self._replaced.pop(account_id, threading.Event()).set()

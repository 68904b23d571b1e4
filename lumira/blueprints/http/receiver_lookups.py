"""Reads again what a process forgets every few seconds of a webhook's tenants, while deliveries to them wait.

Otherwise each delivery that comes meanwhile would take a thread, and read the same: on a busy endpoint these would be
the slowest replies.
"""

from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Generic, TypeVar

import structlog
from flask import Flask

from lumira import tenancy
from lumira.webhooks import inbox
from lumira.webhooks.committer import Loop

#: Deliveries that wait for a look-up: more than come in the time that one takes.
MOST_WAITING = 256
#: Tenants, by slug or host, that a process remembers to have had deliveries.
_MOST_SEEN = 10_000

#: The slug in a delivery's path, and its host if there is none.
Key = tuple[str | None, str | None]
Item = TypeVar("Item")

log = structlog.get_logger()


class ReceiverLookups(Generic[Item]):
    """The look-ups of one process: one at a time, in a thread. All methods are called by the main loop."""

    def __init__(self, app: Flask, ended: Callable[[Sequence[Item]], None]) -> None:
        """`ended` gets the deliveries that waited for a look-up, whether or not it found something."""
        self._app = app
        self._ended = ended
        #: In the order in which they were seen first.
        self._seen: dict[Key, None] = {}
        self._running: Key | None = None
        self._waiting: list[Item] = []

    def is_known(self, key: Key) -> bool:
        """Return whether nothing has to be looked up for a delivery."""
        receivers = tenancy.find_cached_receivers(self._app, *key)
        is_known = bool(receivers) and all(inbox.knows_secrets(receiver.tenant_id) for receiver in receivers)
        if is_known and key not in self._seen:
            self._seen[key] = None
            if len(self._seen) > _MOST_SEEN:
                # Anyone can send any host, and makes a process forget a tenant only until its next delivery.
                del self._seen[next(iter(self._seen))]
        return is_known

    def wait(self, loop: Loop, key: Key, item: Item) -> bool:
        """Let a delivery wait until its tenants are known; `False` if they have never been, or others are looked up.

        So a caller who makes up tenants does not make the process look for them twice.
        """
        if key not in self._seen or self._running not in (None, key) or len(self._waiting) >= MOST_WAITING:
            return False
        if self._running is None:
            try:
                Thread(target=self._look_up, args=(loop, key), daemon=True).start()
            except RuntimeError:
                # The system has no thread left for this process.
                return False
            self._running = key
        self._waiting.append(item)
        return True

    def _look_up(self, loop: Loop, key: Key) -> None:
        try:
            with self._app.app_context():
                for receiver in tenancy.find_receivers(*key) or ():
                    inbox.learn_secrets(receiver.tenant_id)
        except Exception as error:  # noqa: BLE001 - the application replies to each
            log.info("webhook_fast_path_failed", error=type(error).__name__)
        loop.call(partial(self._end, key))

    def _end(self, key: Key) -> None:
        waiting, self._waiting, self._running = self._waiting, [], None
        if not tenancy.find_cached_receivers(self._app, *key):
            self._seen.pop(key, None)
        self._ended(waiting)

"""A thread of each web process that looks once a minute whether a worker runs, and notifies the teams if none does.

It reads one figure while a worker runs. It is no part of any request, and sends only the alerts that no worker runs:
all others wait for the worker.
"""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from random import SystemRandom

import structlog

from lumira.database import atomic
from lumira.notifications import post_alerts, send_alerts
from lumira.repositories.tenants import tenants
from lumira.services.installation import watch_workers

log = structlog.get_logger()

#: Seconds between two looks of a process.
LOOK_EVERY = 60.0

_random = SystemRandom()


class WorkerWatch:
    """Looks after the workers until the process ends."""

    def __init__(
        self, app_context: Callable[[], AbstractContextManager[object]], *, every: float = LOOK_EVERY
    ) -> None:
        self._app_context = app_context
        self._every = every
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin in a thread of its own, which never keeps the process from ending."""
        threading.Thread(target=self._run, name="worker-watch", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()

    def _run(self) -> None:
        # Processes that were started together look at different times.
        wait = self._every * _random.uniform(0.1, 1)
        while not self._stopping.wait(wait):
            wait = self._every
            with self._app_context():
                try:
                    look(is_stopping=self._until(time.monotonic() + self._every))
                except Exception:
                    log.exception("worker_watch_failed")

    def _until(self, end: float) -> Callable[[], bool]:
        """Return whether a look has to end: also one that waits for a mail server takes no longer than the pause."""
        return lambda: self._stopping.is_set() or time.monotonic() > end


def look(*, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """If no worker runs, raise the alert of every tenant, and send what is due of them."""
    if watch_workers.is_any_alive():
        return
    with atomic(None):
        tenant_ids = tenants.list_active_ids()
    # E-mails first: a webhook that does not reply in time must not delay those of other tenants.
    for work in (_note, send_alerts.send_without_worker, post_alerts.post_without_worker):
        _random.shuffle(tenant_ids)
        for tenant_id in tenant_ids:
            if is_stopping():
                return
            with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
                try:
                    work(tenant_id, is_stopping=is_stopping)
                except Exception:
                    log.exception("tenant_failed", work="watch_workers")


def _note(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:  # noqa: ARG001 - as the other work of a look
    watch_workers.note_silence(tenant_id)

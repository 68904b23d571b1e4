"""One kind of work for many tenants in turn, by few threads: a tenant with much of it delays no other tenant."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from lumira.errors import TenantFrozen

log = structlog.get_logger()


class Work(Protocol):
    """Does the due work of one tenant, until it is asked to stop."""

    def __call__(self, tenant_id: int, *, is_stopping: Callable[[], bool]) -> object: ...


class TenantTurns:
    """Lets a bounded number of threads work, each for one tenant at a time.

    A call that finds no thread free returns at once: the next thread that is free does its work, not the next sweep.
    """

    def __init__(self, name: str, work: Work, *, threads: int, seconds: float) -> None:
        self._name = name
        self._work = work
        self._free = threading.BoundedSemaphore(threads)
        #: Seconds after which a tenant with more work waits until the others had their turn.
        self._seconds = seconds
        self._lock = threading.Lock()
        #: In the order of their turns.
        self._waiting: dict[int, None] = {}
        self._in_progress: set[int] = set()

    def run(self, tenant_ids: Iterable[int], *, is_stopping: Callable[[], bool]) -> None:
        """Do the work of these tenants and of those that wait; if no thread is free, leave them to the others."""
        with self._lock:
            self._waiting.update(dict.fromkeys(tenant_ids))
        # Looked at again after each release: a tenant that came meanwhile was left to this thread.
        while not is_stopping() and self._is_any_ready() and self._free.acquire(blocking=False):
            try:
                while not is_stopping() and (tenant_id := self._take()) is not None:
                    self._do(tenant_id, is_stopping)
            finally:
                self._free.release()

    def _is_any_ready(self) -> bool:
        with self._lock:
            return any(tenant_id not in self._in_progress for tenant_id in self._waiting)

    def _take(self) -> int | None:
        with self._lock:
            for tenant_id in self._waiting:
                if tenant_id not in self._in_progress:
                    del self._waiting[tenant_id]
                    self._in_progress.add(tenant_id)
                    return tenant_id
        return None

    def _do(self, tenant_id: int, is_stopping: Callable[[], bool]) -> None:
        end = time.monotonic() + self._seconds
        try:
            with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
                self._work(tenant_id, is_stopping=lambda: is_stopping() or time.monotonic() > end)
        except TenantFrozen:
            log.info("tenant_frozen", work=self._name, tenant_id=tenant_id)
        except Exception:
            log.exception("tenant_failed", work=self._name, tenant_id=tenant_id)
        finally:
            with self._lock:
                self._in_progress.discard(tenant_id)
                if time.monotonic() > end:
                    self._waiting[tenant_id] = None

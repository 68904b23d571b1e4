"""One kind of work for many tenants, side by side: a tenant whose Stripe does not respond delays no other tenant."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Protocol

import structlog

from lumira.errors import TenantFrozen
from lumira.threads import in_own_context

log = structlog.get_logger()


class Work(Protocol):
    """Does the work of one tenant; returns whether Stripe responded."""

    def __call__(self, tenant_id: int, *, is_stopping: Callable[[], bool]) -> bool: ...


class TenantLanes:
    """Threads that do one kind of work, for each tenant once at a time."""

    def __init__(self, name: str, work: Work, *, threads: int = 8, threads_for_slow: int = 4) -> None:
        self._name = name
        self._work = work
        self._lanes = ThreadPoolExecutor(threads, thread_name_prefix=name)
        #: For tenants whose Stripe did not respond last time: their waiting must not fill the other lanes.
        self._slow_lanes = ThreadPoolExecutor(threads_for_slow, thread_name_prefix=f"{name}-slow")
        self._lock = threading.Lock()
        self._in_progress: set[int] = set()
        self._slow: set[int] = set()

    def run(self, tenant_ids: Iterable[int], *, seconds: float, is_stopping: Callable[[], bool]) -> None:
        """Begin the work of each tenant, and return once it is done, at the latest after so many seconds.

        Work that takes longer goes on; the next run leaves its tenant out until it has ended.
        """
        begun = [self._begin(tenant_id, is_stopping) for tenant_id in tenant_ids]
        wait([future for future in begun if future is not None], timeout=seconds)

    def _begin(self, tenant_id: int, is_stopping: Callable[[], bool]) -> "Future[None] | None":
        with self._lock:
            if tenant_id in self._in_progress:
                return None
            self._in_progress.add(tenant_id)
            lanes = self._slow_lanes if tenant_id in self._slow else self._lanes
        return lanes.submit(in_own_context(self._do), tenant_id, is_stopping)

    def _do(self, tenant_id: int, is_stopping: Callable[[], bool]) -> None:
        responds = True
        try:
            if not is_stopping():
                with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
                    responds = self._work(tenant_id, is_stopping=is_stopping)
        except TenantFrozen:
            log.info("tenant_frozen", work=self._name, tenant_id=tenant_id)
        except Exception:
            log.exception("tenant_failed", work=self._name, tenant_id=tenant_id)
        finally:
            with self._lock:
                self._in_progress.discard(tenant_id)
                (self._slow.discard if responds else self._slow.add)(tenant_id)

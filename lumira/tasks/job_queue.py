"""The job queue, which `queue` and `upkeep` add their tasks to, and how a task works through tenants."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from random import SystemRandom

import structlog
from procrastinate import App
from procrastinate.testing import InMemoryConnector

from lumira.database import atomic
from lumira.errors import TenantFrozen
from lumira.repositories.tenants import tenants

log = structlog.get_logger()
QUEUE = "lumira"
#: Seconds between two sweeps: work whose job was lost is found at most this late.
SWEEP_EVERY = 10
#: Seconds without a heartbeat after which a worker counts as dead, and seconds between two heartbeats.
STALLED_AFTER = 15
HEARTBEAT_EVERY = 5
#: Set when the process is asked to stop: it finishes the current batch.
stopping = threading.Event()
#: Puts tenants in another order each time, so that what a run leaves, or a killed one omits, is not always the same.
random = SystemRandom()
# Only `worker.run` connects it to a database, so that importing the tasks opens no connection.
queue = App(connector=InMemoryConnector())


def every_tenant() -> list[int]:
    with atomic(None):
        return tenants.list_active_ids()


def for_each(tenant_ids: Iterable[int], work: Callable[..., object], *, seconds: float = math.inf) -> None:
    """Do the work of each tenant until the process stops; an error for one tenant does not stop the others.

    No tenant's work begins after so many seconds.
    """
    end = time.monotonic() + seconds
    for tenant_id in tenant_ids:
        if stopping.is_set() or time.monotonic() > end:
            return
        with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
            try:
                work(tenant_id, is_stopping=stopping.is_set)
            except TenantFrozen:
                log.info("tenant_frozen", work=work.__name__)
            except Exception:
                log.exception("tenant_failed", work=work.__name__)

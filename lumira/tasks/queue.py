"""The queue's application and its tasks.

A job is only a wake-up: what is to be done stands in the rows that it looks at. So losing a job delays the
work until the next sweep, and running one twice does nothing twice.
"""

import threading
from collections.abc import Callable, Iterable
from functools import wraps
from random import SystemRandom
from typing import Any, TypeVar, cast

import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Status
from procrastinate.testing import InMemoryConnector

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.notifications import relay, send_alerts
from lumira.reconciliation import reconcile
from lumira.repositories import due_work, idempotency, tenants
from lumira.services.files import remove_files as removing
from lumira.services.refunds.send_due_refunds import send_due_refunds
from lumira.webhooks import process

log = structlog.get_logger()

_Task = TypeVar("_Task", bound=Callable[..., None])

QUEUE = "lumira"
#: Seconds between two sweeps: what a lost wake-up left is found this late at most.
SWEEP_EVERY = 10
#: Seconds without a heartbeat after which a worker counts as dead, and how often it gives one.
STALLED_AFTER = 15
HEARTBEAT_EVERY = 5

#: Letters that one process writes at once: a letter may take half a minute, and orders are served meanwhile.
_writing = threading.BoundedSemaphore(2)
#: Set when the process was asked to end: the batch in hand is the last.
stopping = threading.Event()

_dice = SystemRandom()

# Only `worker.run` gives it a database: whoever imports the tasks connects to nothing.
queue = App(connector=InMemoryConnector())


def at_most(places: threading.BoundedSemaphore) -> Callable[[_Task], _Task]:
    """Let a task run only while one of these places is free in this process, and else leave it to the next sweep.

    A queueing lock keeps jobs from waiting twice, not from running twice: while Stripe, a mail server or the storage
    hangs, those who wait for it must not take the places of those who settle events.
    """

    def limit(task: _Task) -> _Task:
        @wraps(task)
        def run(*arguments: Any, **options: Any) -> None:
            if places.acquire(blocking=False):
                try:
                    task(*arguments, **options)
                finally:
                    places.release()

        return cast("_Task", run)

    return limit


def _alone() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(1)


@queue.task(name="process_events", queue=QUEUE)
def process_events(tenant_id: int) -> None:
    """Handle the tenant's events that are due."""
    structlog.contextvars.bind_contextvars(tenant_id=tenant_id)
    process.process_events(tenant_id, is_stopping=stopping.is_set)


@queue.task(name="relay_outbox", queue=QUEUE)
@at_most(_writing)
def relay_outbox(tenant_id: int) -> None:
    """Send the tenant's messages that are due."""
    structlog.contextvars.bind_contextvars(tenant_id=tenant_id)
    relay.relay(tenant_id, is_stopping=stopping.is_set)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sweep", queue=QUEUE, queueing_lock="sweep")
def sweep_due(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Find events that are due in any tenant and were not woken for: a retry, or work that a killed process left."""
    _for_each(due_work.tenants_with_due_events(utc_now()), process.process_events)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="sweep_outbox", queue=QUEUE, queueing_lock="sweep_outbox")
@at_most(_writing)
def sweep_outbox(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """The same for messages, which take as long as the mail server likes."""
    _for_each(due_work.tenants_with_due_messages(utc_now()), relay.relay)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_refunds", queue=QUEUE, queueing_lock="send_refunds")
@at_most(_alone())
def send_refunds(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send the refunds of every tenant that are due: decided just now, put off, or left by a killed process."""
    _for_each(due_work.tenants_with_due_refunds(utc_now()), send_due_refunds)


@queue.periodic(cron=f"* * * * * */{SWEEP_EVERY}")
@queue.task(name="send_alerts", queue=QUEUE, queueing_lock="send_alerts")
@at_most(_alone())
def send_alerts_to_teams(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Send every tenant's team the alerts that it has not been told of."""
    _for_each(due_work.tenants_with_unsent_alerts(utc_now()), send_alerts.send_alerts)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="remove_files", queue=QUEUE, queueing_lock="remove_files")
@at_most(_alone())
def remove_files(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove the files of every tenant that count no more."""
    _for_each(removing.tenants_with_files_to_remove(), removing.remove_files)


def _for_each(tenant_ids: Iterable[int], work: Callable[..., object]) -> None:
    """Do the work of each tenant until the process is to end; what fails for one leaves the others theirs."""
    for tenant_id in tenant_ids:
        if stopping.is_set():
            return
        with structlog.contextvars.bound_contextvars(tenant_id=tenant_id):
            try:
                work(tenant_id, is_stopping=stopping.is_set)
            except Exception:
                log.exception("tenant_failed", work=work.__name__)


@queue.periodic(cron="* * * * *")
@queue.task(name="reconcile", queue=QUEUE, queueing_lock="reconcile")
@at_most(_alone())
def reconcile_all(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Ask Stripe, for every tenant, about what never arrived."""
    with atomic(None):
        tenant_ids = tenants.list_ids()
    # In another order each time, because a run that is killed must not always leave the same ones out; and
    # the lost webhooks of all before the orders of any, which take longer and are less urgent.
    _dice.shuffle(tenant_ids)
    _for_each(tenant_ids, reconcile.recover_events)
    _for_each(tenant_ids, reconcile.reconcile)


@queue.periodic(cron="17 * * * *")
@queue.task(name="forget_expired_keys", queue=QUEUE, queueing_lock="forget_expired_keys")
def forget_expired_keys(timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove idempotency keys whose time is over."""
    with atomic(None):
        tenant_ids = tenants.list_ids()
    _for_each(tenant_ids, _forget_expired)


def _forget_expired(tenant_id: int, *, is_stopping: Callable[[], bool]) -> None:
    removed = 1
    while removed and not is_stopping():
        with atomic(tenant_id):
            removed = idempotency.remove_expired(tenant_id, utc_now())


@queue.periodic(cron="37 * * * *")
@queue.task(name="forget_old_jobs", queue=QUEUE, queueing_lock="forget_old_jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Remove jobs that failed or were let go days ago: what they were about stands in rows of ours."""
    await context.app.job_manager.delete_old_jobs(nb_hours=72, include_failed=True, include_cancelled=True)


@queue.periodic(cron=f"* * * * * */{STALLED_AFTER}")
@queue.task(name="retry_stalled", queue=QUEUE, queueing_lock="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - given to every periodic task
    """Queue the jobs of dead workers again; one whose twin is queued already is let go."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_AFTER):
        log.warning("job_stalled", task=job.task_name, job_id=job.id)
        try:
            await manager.retry_job(job, retry_at=utc_now())
        except UniqueViolation:
            await manager.finish_job(job, status=Status.FAILED, delete_job=True)

"""The worker process: runs jobs until it is asked to stop, and reconnects after a restart of the database."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import structlog
from flask import Flask
from procrastinate import JobContext, PsycopgConnector
from procrastinate.worker import Worker
from psycopg_pool import AsyncConnectionPool

from config import database_url
from config.settings import Settings
from lumira import database_failures, database_sessions, metrics, stripe_slots, tracing
from lumira.database import db
from lumira.services.installation.measure_process import begin_measuring
from lumira.tasks.job_queue import HEARTBEAT_EVERY, STALLED_AFTER, stopping
from lumira.tasks.queue import queue

log = structlog.get_logger()

#: Seconds before the worker reconnects to a database that it lost.
RECONNECT_AFTER = 1.0
#: Jobs that one process runs in parallel. At most fourteen wait for an external service (`slots.at_most` and the
#: threads of `TenantTurns`), so that two threads are always free to process events.
CONCURRENCY = 16
#: Calls to Stripe that one process waits for at once: as many as the lanes of its jobs make, so that a tenant whose
#: Stripe does not respond takes no slot from another tenant.
STRIPE_CALLS = 256


def run(app: Flask, settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT; then finish the current batch and return."""
    stripe_slots.configure(STRIPE_CALLS)
    with app.app_context():
        begin_measuring(settings, "worker", db.engines)
    for task in queue.tasks:
        # So that Prometheus sees the first failure of each.
        metrics.JOBS.count(task, "failed", number=0)
    asyncio.run(_run(app, settings))


async def _run(app: Flask, settings: Settings) -> None:
    loop = asyncio.get_running_loop()
    # One thread per job; by default there would be only a few more threads than processors.
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENCY + 2))
    stop_requested = asyncio.Event()

    def stop() -> None:
        stopping.set()
        stop_requested.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    log.info("worker_started", pid=os.getpid())
    while not stop_requested.is_set():
        work = asyncio.create_task(_work(app, settings))
        stop_waiting = asyncio.create_task(stop_requested.wait())
        await asyncio.wait({work, stop_waiting}, return_when=asyncio.FIRST_COMPLETED)
        # Procrastinate shuts down gracefully when it is cancelled: it waits for the running jobs.
        work.cancel()
        stop_waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await work
            except Exception:
                log.exception("worker_interrupted")
        if not stop_requested.is_set():
            log.warning("worker_reconnecting", after=RECONNECT_AFTER)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop_requested.wait(), RECONNECT_AFTER)
    log.info("worker_stopped", pid=os.getpid())


async def _work(app: Flask, settings: Settings) -> None:
    with queue.replace_connector(connector(settings)) as connected:
        async with connected.open_async():
            await connected.run_worker_async(
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_EVERY,
                stalled_worker_timeout=STALLED_AFTER,
                task_middleware=[_in_app_context(app)],
            )


def connector(settings: Settings) -> PsycopgConnector:
    """Return the queue's connections to the database, all of which can write.

    They bypass a pooler: a worker waits for `NOTIFY` on one session, and the queue sets its sessions up.
    """
    return PsycopgConnector(
        pool_factory=_writable_pool,
        conninfo=database_url.conninfo(settings.database_direct_url or settings.database_url),
        kwargs=database_sessions.connect_args(is_pooled=False),
        min_size=2,
        max_size=6,
        # If the database is lost, waiting must end, so that the loop above reconnects.
        timeout=10,
        # The pool waits longer after each refused connection, but no longer than a worker may stay idle.
        reconnect_timeout=30,
        configure=_refuse_read_only,
    )


def _writable_pool(**options: Any) -> AsyncConnectionPool:
    """Return a pool that replaces a connection that was closed, or that has become read-only."""
    return AsyncConnectionPool(**{**options, "check": _check})


async def _check(connection: psycopg.AsyncConnection[Any]) -> None:
    await AsyncConnectionPool.check_connection(connection)
    try:
        await _refuse_read_only(connection)
    except psycopg.OperationalError:
        # The pool takes a connection back that is refused and still open.
        await connection.close()
        raise


async def _refuse_read_only(connection: psycopg.AsyncConnection[Any]) -> None:
    """Raise an error for a session that cannot write: a worker would keep it, and every job would fail."""
    if database_failures.is_read_only(connection.pgconn):
        raise psycopg.OperationalError("The database session is read-only.")


def _in_app_context(app: Flask) -> Callable[[Callable[[], Any], JobContext, Worker], Any]:
    """Run every synchronous task with an application context of its own, in its thread."""

    def middleware(call_next: Callable[[], Any], context: JobContext, worker: Worker) -> Any:  # noqa: ARG001
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job=context.job.task_name, job_id=context.job.id)
        started, result = time.perf_counter(), "failed"
        try:
            with app.app_context(), _traced(context):
                returned = _logged(call_next)
            result = "done"
            return returned
        finally:
            metrics.JOBS.count(context.job.task_name, result)
            metrics.JOB_SECONDS.observe(time.perf_counter() - started, context.job.task_name)

    return middleware


def _traced(context: JobContext) -> AbstractContextManager[Any]:
    """Return the span of a job, in the trace of the request that enqueued it if there is one."""
    job = context.job
    return tracing.span(f"job {job.task_name}", "consumer", parent=tracing.parent_in(job.task_kwargs))


def _logged(run: Callable[[], Any]) -> Any:
    """Run a job, and log its error here: the queue's own line does not have the fields of the job."""
    try:
        return run()
    except Exception:
        log.exception("job_crashed")
        raise

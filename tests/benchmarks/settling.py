"""Measure how many paid orders per second the workers settle: order, payment, grant, audit and message."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import installation
from tests.benchmarks.installation import Installation
from tests.benchmarks.processes import process, wait_until

#: One row for each settled order in every count.
_SETTLED_ROWS = """
    SELECT
        (SELECT count(*) FROM orders WHERE status = 'completed' AND completed_at IS NOT NULL),
        (SELECT count(DISTINCT order_id) FROM payments WHERE state = 'succeeded'),
        (SELECT count(*) FROM access_grants WHERE active),
        (SELECT count(DISTINCT subject) FROM audit_entries WHERE action = 'order_completed'),
        (SELECT count(DISTINCT subject) FROM audit_entries WHERE action = 'access_granted'),
        (SELECT count(*) FROM outbox_messages WHERE kind = 'order_confirmation' AND status = 'pending'),
        (SELECT count(*) FROM webhook_events WHERE status = 'processed')
"""
#: The same numbers for all rows: there are no others.
_ALL_ROWS = """
    SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM access_grants),
        (SELECT count(*) FROM outbox_messages), (SELECT count(*) FROM webhook_events),
        (SELECT count(*) / 2 FROM audit_entries)
"""
_UNPROCESSED = """
    SELECT EXISTS (SELECT FROM webhook_events WHERE status = 'received'),
        EXISTS (SELECT FROM webhook_events WHERE last_error IS NOT NULL AND status = 'received')
"""
_WAITING_JOBS = (
    "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_events' AND status = 'todo'"
)
_BUSY_WORKERS = (
    "SELECT count(DISTINCT worker_id) FROM procrastinate_jobs "
    "WHERE task_name = 'process_events' AND status = 'doing'"
)
_LISTENING = "SELECT count(*) FROM procrastinate_workers"
#: Seconds after which settling fails.
_TIMEOUT = 300
#: The jobs that two workers run concurrently: more would wait.
_MAX_JOBS = 64


def settle(setup: Installation, *, workers: int, scratch: Path) -> float:
    """Return the orders per second that `workers` processes settle, from their start to the last commit.

    The workers run and have their jobs when the time starts: processing waits for the lock that storing an event
    takes, and the benchmark holds that lock until then.
    """
    with setup.server.copied(installation.WITH_FULL_INBOX) as database, ExitStack() as running:
        connection = running.enter_context(setup.server.connect(database))
        tenant_id = setup.brand.id
        connection.execute("SELECT pg_advisory_lock_shared(hashtext('process_events'), %s)", (tenant_id,))
        for number in range(workers):
            log = scratch / f"worker-{number}.log"
            running.enter_context(
                process(["flask", "--app", "wsgi", "worker"], setup.environment(database), log)
            )
        _wait(connection, _LISTENING, (), workers, "the workers to listen")
        _enqueue_for_each(connection, tenant_id, workers)
        started = time.perf_counter()
        connection.execute("SELECT pg_advisory_unlock_shared(hashtext('process_events'), %s)", (tenant_id,))
        wait_until(
            lambda: not _has_unprocessed(connection),
            within=_TIMEOUT,
            what="the inbox to be empty",
            every=0.02,
        )
        seconds = time.perf_counter() - started
        _check(connection, setup.orders)
    return setup.orders / seconds


def _enqueue_for_each(connection: psycopg.Connection[Any], tenant_id: int, workers: int) -> None:
    """Enqueue jobs until every worker runs one, as arriving events do.

    A worker may get a second one, which ends at once: it processes a tenant's events in one thread.
    """
    for _ in range(_MAX_JOBS):
        connection.execute("SELECT lumira_enqueue_job('process_events', %s)", (tenant_id,))
        _wait(connection, _WAITING_JOBS, (), 0, "a worker to start the job")
        if connection.execute(_BUSY_WORKERS).fetchall()[0][0] == workers:
            return
    raise RuntimeError(f"{_MAX_JOBS} jobs did not reach all {workers} workers.")


def _has_unprocessed(connection: psycopg.Connection[Any]) -> bool:
    [(has_unprocessed, failed)] = connection.execute(_UNPROCESSED).fetchall()
    if failed:
        raise RuntimeError("An event failed: see the workers' logs.")
    return bool(has_unprocessed)


def _wait(
    connection: psycopg.Connection[Any],
    query: str,
    parameters: tuple[Any, ...],
    expected: object,
    what: str,
) -> None:
    def condition() -> bool:
        return bool(connection.execute(query, parameters).fetchall()[0][0] == expected)

    wait_until(condition, within=_TIMEOUT, what=what)


def _check(connection: psycopg.Connection[Any], orders: int) -> None:
    for query in (_SETTLED_ROWS, _ALL_ROWS):
        [counts] = connection.execute(query).fetchall()
        if set(counts) != {orders}:
            raise RuntimeError(f"{orders} orders must be settled once each, but the row counts are {counts}.")
    [(alerts,)] = connection.execute("SELECT count(*) FROM alerts").fetchall()
    if alerts:
        raise RuntimeError(f"Settling raised {alerts} alerts.")

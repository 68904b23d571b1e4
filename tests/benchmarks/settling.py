"""How many paid orders a second worker processes settle: order, payment, grant, audit and message, committed."""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import installation
from tests.benchmarks.installation import Installation
from tests.benchmarks.processes import eventually, process

#: Rows of one settled order, and how they are counted.
_WHOLE = """
    SELECT
        (SELECT count(*) FROM orders WHERE status = 'completed' AND completed_at IS NOT NULL),
        (SELECT count(DISTINCT order_id) FROM payments WHERE state = 'succeeded'),
        (SELECT count(*) FROM access_grants WHERE active),
        (SELECT count(DISTINCT subject) FROM audit_entries WHERE action = 'order_completed'),
        (SELECT count(DISTINCT subject) FROM audit_entries WHERE action = 'access_granted'),
        (SELECT count(*) FROM outbox_messages WHERE kind = 'order_confirmation' AND status = 'pending'),
        (SELECT count(*) FROM webhook_events WHERE status = 'processed')
"""
#: And that nothing else was left behind.
_ROWS = """
    SELECT (SELECT count(*) FROM payments), (SELECT count(*) FROM access_grants),
        (SELECT count(*) FROM outbox_messages), (SELECT count(*) FROM webhook_events),
        (SELECT count(*) / 2 FROM audit_entries)
"""
_LEFT = """
    SELECT EXISTS (SELECT FROM webhook_events WHERE status = 'received'),
        EXISTS (SELECT FROM webhook_events WHERE last_error IS NOT NULL AND status = 'received')
"""
_TAKEN = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_events' AND status = 'doing'"
_AWAKE = (
    "SELECT count(DISTINCT worker_id) FROM procrastinate_jobs "
    "WHERE task_name = 'process_events' AND status = 'doing'"
)
_LISTENING = "SELECT count(*) FROM procrastinate_workers"
#: Seconds that the slowest settling may take.
_PATIENCE = 300
#: As many as two workers take at once: more would wait.
_WAKE_UPS = 8


def settle(made: Installation, *, workers: int, scratch: Path) -> float:
    """Orders settled a second by so many worker processes, from the moment they may begin to the last commit.

    The workers are up and have their wake-ups when the time starts: storing an event takes a lock that a drain
    waits for, and the benchmark holds it until then.
    """
    with made.server.lent(installation.WITH_FULL_INBOX) as database, ExitStack() as running:
        connection = running.enter_context(made.server.connect(database))
        tenant_id = made.brand.id
        connection.execute("SELECT pg_advisory_lock_shared(hashtext('process_events'), %s)", (tenant_id,))
        for number in range(workers):
            log = scratch / f"worker-{number}.log"
            running.enter_context(
                process(["flask", "--app", "wsgi", "worker"], made.environment(database), log)
            )
        _wait(connection, _LISTENING, (), workers, "the workers to listen")
        _wake_each(connection, tenant_id, workers)
        started = time.perf_counter()
        connection.execute("SELECT pg_advisory_unlock_shared(hashtext('process_events'), %s)", (tenant_id,))
        eventually(lambda: not _left(connection), within=_PATIENCE, what="the inbox to be empty", every=0.02)
        seconds = time.perf_counter() - started
        _check(connection, made.orders)
    return made.orders / seconds


def _wake_each(connection: psycopg.Connection[Any], tenant_id: int, workers: int) -> None:
    """Give every worker a wake-up for the inbox, as events that keep arriving do; one may get a second one."""
    for job in range(1, _WAKE_UPS + 1):
        connection.execute("SELECT lumira_enqueue_job('process_events', %s)", (tenant_id,))
        _wait(connection, _TAKEN, (), job, "a worker to be woken")
        if connection.execute(_AWAKE).fetchall()[0][0] == workers:
            return
    raise RuntimeError(f"{_WAKE_UPS} wake-ups did not reach every one of {workers} workers.")


def _left(connection: psycopg.Connection[Any]) -> bool:
    [(left, failed)] = connection.execute(_LEFT).fetchall()
    if failed:
        raise RuntimeError("An event could not be handled: see the workers' logs.")
    return bool(left)


def _wait(
    connection: psycopg.Connection[Any],
    query: str,
    parameters: tuple[Any, ...],
    wanted: object,
    what: str,
) -> None:
    def is_so() -> bool:
        return bool(connection.execute(query, parameters).fetchall()[0][0] == wanted)

    eventually(is_so, within=_PATIENCE, what=what)


def _check(connection: psycopg.Connection[Any], orders: int) -> None:
    for query in (_WHOLE, _ROWS):
        [counts] = connection.execute(query).fetchall()
        if set(counts) != {orders}:
            raise RuntimeError(f"{orders} orders were to be settled once each, and the rows are {counts}.")
    [(alerts,)] = connection.execute("SELECT count(*) FROM alerts").fetchall()
    if alerts:
        raise RuntimeError(f"Settling raised {alerts} alerts.")

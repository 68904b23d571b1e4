"""Measure how many paid orders per second one worker settles while it does everything else that a worker does.

Meanwhile it sends the confirmations with their receipts, sweeps, polls orders and pulls events. Left out: TLS, and the
distance to the mail server and to Stripe.
"""

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from tests.benchmarks import installation, message_rates
from tests.benchmarks.installation import Installation
from tests.benchmarks.processes import free_port, listens, process, wait_until

#: Seconds after which settling fails.
_TIMEOUT = 600
_LISTENING = "SELECT count(*) > 0 FROM procrastinate_workers"
_UNPROCESSED = "SELECT EXISTS (SELECT FROM webhook_events WHERE status = 'received')"
_SENT = "SELECT count(*) FROM outbox_messages WHERE status = 'sent'"
_SETTLED = """
    SELECT (SELECT count(*) FROM orders WHERE status = 'completed'), (SELECT count(*) FROM access_grants WHERE active),
        (SELECT count(*) FROM outbox_messages WHERE kind = 'order_confirmation'), (SELECT count(*) FROM receipts)
"""


def settle(setup: Installation, *, scratch: Path) -> tuple[float, float]:
    """Return the orders that one worker settles, and the messages that it sends meanwhile, per second."""
    with setup.server.copied(installation.WITH_FULL_INBOX) as database, ExitStack() as running:
        connection = running.enter_context(setup.server.connect(database))
        # Nothing is postponed here, and each sale has a receipt.
        connection.execute("DELETE FROM procrastinate_jobs WHERE task_name <> 'process_events'")
        connection.execute("UPDATE tenants SET seller = %s", (json.dumps(message_rates.SELLER),))
        environment = (
            setup.environment(database)
            | message_rates.mail_server(running, scratch / "accepted", scratch)
            | _stripe(running, scratch)
        )
        tenant_id = setup.brand.id
        connection.execute("SELECT pg_advisory_lock_shared(hashtext('process_events'), %s)", (tenant_id,))
        running.enter_context(
            process(["flask", "--app", "wsgi", "worker"], environment, scratch / "worker-with-all.log")
        )
        _wait(connection, _LISTENING, "the worker to listen")
        connection.execute("SELECT lumira_enqueue_job('process_events', %s)", (tenant_id,))
        time.sleep(1)
        started = time.perf_counter()
        connection.execute("SELECT pg_advisory_unlock_shared(hashtext('process_events'), %s)", (tenant_id,))
        _wait(connection, f"SELECT NOT ({_UNPROCESSED})", "the inbox to be empty")
        seconds = time.perf_counter() - started
        [(sent,)] = connection.execute(_SENT).fetchall()
        [counts] = connection.execute(_SETTLED).fetchall()
        if set(counts) != {setup.orders}:
            raise RuntimeError(
                f"{setup.orders} orders must be settled once each, but the counts are {counts}."
            )
    return setup.orders / seconds, sent / seconds


def _stripe(running: ExitStack, scratch: Path) -> dict[str, str]:
    """Start the sandbox, which knows none of the orders; return the setting with which it is used."""
    port = free_port()
    arguments = ["flask", "--app", "wsgi", "sandbox", "--host", "127.0.0.1", "--port", str(port)]
    state = ["--state", str(scratch / "sandbox")]
    running.enter_context(process([*arguments, *state], {}, scratch / "sandbox.log"))
    wait_until(lambda: listens(port), within=60, what="the sandbox")
    return {"STRIPE_API_BASE": f"http://127.0.0.1:{port}"}


def _wait(connection: psycopg.Connection[Any], query: str, what: str) -> None:
    wait_until(
        lambda: bool(connection.execute(query).fetchall()[0][0]), within=_TIMEOUT, what=what, every=0.02
    )

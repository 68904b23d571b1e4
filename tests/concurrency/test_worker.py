"""Worker processes as in production: started by a job, killed, stopped, and disconnected from the database."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

from config import embedded_postgresql
from config.settings import Settings
from lumira.models import AccessGrant, OrderStatus, OutboxMessage
from lumira.sandbox.server import SandboxServer
from lumira.tasks import worker
from tests.support import postgresql
from tests.support.factories import count, load_order, open_payment
from tests.support.mail_server import Mailbox, running
from tests.support.stripe_events import event, payment_intent, receive
from tests.support.workers import (
    Installation,
    eventually,
    installed,
    prevent_sweeps,
)

#: How many connections to this database wait for a lock.
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def test_a_worker_processes_a_new_event_at_once(installation: Installation) -> None:
    prevent_sweeps(installation)
    installation.start_worker()
    for _ in range(2):
        number = installation.pay()
        eventually(lambda number=number: installation.is_fulfilled(number), within=120)


def test_payments_made_without_a_worker_are_fulfilled_when_one_starts(installation: Installation) -> None:
    numbers = [installation.pay() for _ in range(3)]
    assert not any(installation.is_fulfilled(number) for number in numbers)
    installation.start_worker()
    eventually(lambda: all(installation.is_fulfilled(number) for number in numbers), within=120)
    assert count(installation.brand, AccessGrant) == count(installation.brand, OutboxMessage) == 3


def test_a_mail_server_that_does_not_respond_delays_no_order(installation: Installation) -> None:
    mailbox = Mailbox()
    mailbox.pause = 600.0
    with running(mailbox) as port:
        # Sending an e-mail takes longer than fulfilling an order takes on a slow machine.
        installation.start_worker(
            "from lumira.clients import smtp\nsmtp.REPLY_TIMEOUT = smtp.SEND_TIMEOUT = 600.0",
            SMTP_URL=f"smtp://127.0.0.1:{port}?starttls=never",
            MAIL_FROM="no-reply@lumira.example",
        )
        # Each order enqueues an e-mail, and sending it occupies a slot. There are more e-mails than slots.
        for _ in range(12):
            number = installation.pay()
            eventually(lambda number=number: installation.is_completed(number), within=120)


@contextmanager
def batch_in_progress(installation: Installation) -> Iterator[str]:
    """Keep a worker in the middle of its batch by locking the order that it waits for; yields the order number."""
    engine = create_engine(installation.settings.database_url)
    with engine.connect() as locking:
        locking.execute(
            text("SELECT set_config('lumira.tenant_id', :id, true)"), {"id": str(installation.brand.id)}
        )
        opened = open_payment(installation.brand)
        locking.execute(
            text("SELECT id FROM orders WHERE order_number = :number FOR UPDATE"),
            {"number": opened.order_number},
        )
        receive(
            installation.brand,
            event(
                "payment_intent.succeeded",
                payment_intent(id=str(opened.payment_intent_id), status="succeeded"),
            ),
        )
        eventually(lambda: locking.execute(text(WAITING)).scalar_one() > 0, within=120)
        yield opened.order_number
        locking.rollback()
    engine.dispose()


def test_after_kill_9_of_a_worker_another_one_continues_within_30_seconds(installation: Installation) -> None:
    killed = installation.start_worker()
    first = installation.pay()
    usual = eventually(lambda: installation.is_fulfilled(first), within=120)
    with batch_in_progress(installation) as number:
        installation.start_worker()
        eventually(lambda: "worker_started" in installation.log(1), within=120)
        killed.kill()

    # On a busy machine everything takes longer, as the first order did.
    eventually(lambda: installation.is_fulfilled(number), within=30 + 3 * usual)
    assert count(installation.brand, AccessGrant) == count(installation.brand, OutboxMessage) == 2


def test_sigterm_stops_a_worker_cleanly_and_soon(installation: Installation) -> None:
    worker = installation.start_worker()
    number = installation.pay()
    eventually(lambda: installation.is_fulfilled(number), within=120)

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=120) == 0
    assert "worker_stopped" in installation.log()


def test_a_worker_finishes_its_batch_after_sigterm(installation: Installation) -> None:
    worker = installation.start_worker()
    first = installation.pay()
    eventually(lambda: installation.is_fulfilled(first), within=120)
    with batch_in_progress(installation) as number:
        worker.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert worker.poll() is None

    assert worker.wait(timeout=120) == 0
    assert load_order(installation.brand, number).status is OrderStatus.COMPLETED


def test_a_worker_survives_a_restart_of_the_database(
    settings: Settings, sandbox: SandboxServer, run_directory: Path, tmp_path: Path
) -> None:
    data = run_directory / f"restarted-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = embedded_postgresql.start(data).replace("postgresql://", "postgresql+psycopg://")
    try:
        postgresql.migrate(url)
        with installed(url, settings, sandbox, tmp_path) as installation:
            worker = installation.start_worker()
            first = installation.pay()
            eventually(lambda: installation.is_fulfilled(first), within=120)
            embedded_postgresql.stop(data)
            time.sleep(2)
            embedded_postgresql.restart(data)
            second = installation.pay()
            eventually(lambda: installation.is_fulfilled(second), within=120)
            assert worker.poll() is None
    finally:
        embedded_postgresql.stop(data)


def test_a_worker_drops_its_read_only_sessions_and_fulfils_without_a_restart(
    installation: Installation,
) -> None:
    number = installation.pay()
    installation.start_worker(
        "from sqlalchemy import event\n"
        "from sqlalchemy.pool import Pool\n"
        "def remain_read_only(connection, record, opened=[]):\n"
        "    opened.append(1)\n"
        "    if len(opened) <= 3:\n"
        "        connection.autocommit = True\n"
        "        connection.execute('SET default_transaction_read_only = on')\n"
        "        connection.autocommit = False\n"
        "event.listen(Pool, 'connect', remain_read_only)\n"
    )
    eventually(lambda: installation.is_fulfilled(number), within=120)
    assert "database_unusable" in installation.log()


def test_a_worker_waits_for_a_read_only_database_and_fulfils_once_it_can_write(
    installation: Installation,
) -> None:
    number = installation.pay()
    engine = create_engine(installation.settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as operator:
        name = operator.execute(text("SELECT current_database()")).scalar_one()
        operator.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
        worker = installation.start_worker()
        eventually(lambda: "read-only" in installation.log(), within=120)
        operator.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    engine.dispose()

    eventually(lambda: installation.is_fulfilled(number), within=120)
    assert worker.poll() is None


def test_the_queue_replaces_a_connection_that_has_become_read_only(installation: Installation) -> None:
    async def can_write_after_a_failover() -> str:
        connector = worker.connector(installation.settings)
        await connector.open_async()
        try:
            for _ in range(4):
                async with connector.pool.connection() as connection:
                    await connection.execute("SET default_transaction_read_only = on")
            return str(
                (await connector.execute_query_one_async("SHOW transaction_read_only"))[
                    "transaction_read_only"
                ]
            )
        finally:
            await connector.close_async()

    # In a thread of its own, because an event loop of another test may be running in this one.
    with ThreadPoolExecutor(max_workers=1) as thread:
        assert thread.submit(lambda: asyncio.run(can_write_after_a_failover())).result(timeout=120) == "off"

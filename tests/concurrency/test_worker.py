"""Worker processes as in production: started by a job, killed, stopped, and disconnected from the database."""

import asyncio
import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from config import embedded_postgresql
from config.settings import Settings
from lumira import create_app
from lumira.database import db
from lumira.models import AccessGrant, MessageStatus, OrderStatus, OutboxMessage
from lumira.sandbox.server import SandboxServer
from lumira.tasks import worker
from tests.support import factories, postgresql
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.mail_server import Mailbox, running
from tests.support.stripe_events import event, payment_intent, receive

#: How many connections to this database wait for a lock.
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
ROOT = Path(__file__).resolve().parent.parent.parent


def eventually(condition: Callable[[], bool], *, within: float) -> float:
    """Wait until the condition holds; returns the seconds waited, and fails after `within` seconds."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < within, f"not within {within} s"
        time.sleep(0.05)
    return time.monotonic() - started


@dataclasses.dataclass
class Installation:
    """An installation with its own database, whose workers the test starts and stops."""

    app: Flask
    settings: Settings
    brand: Brand
    workers: list[subprocess.Popen[bytes]] = dataclasses.field(default_factory=list)

    def start_worker(self, changes: str = "", **settings: str) -> subprocess.Popen[bytes]:
        """Start a worker with these settings; `changes` is Python code that its process runs first."""
        environment = (
            os.environ
            | settings
            | {
                "LUMIRA_ENV": "production",
                "SMTP_URL": "files",
                "DATABASE_URL": self.settings.database_url,
                "SECRET_KEY": self.settings.secret_key,
                "LUMIRA_ENCRYPTION_KEYS": self.settings.encryption_keys[0],
                "LUMIRA_INSTANCE": str(self.settings.instance_path),
            }
        )
        log = (self.settings.instance_path / f"worker-{len(self.workers)}.log").open("wb")
        with log:
            worker = subprocess.Popen(
                [sys.executable, "-c", f"{changes}\nfrom flask.cli import main\nmain()", "worker"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def log(self, number: int = 0) -> str:
        return (self.settings.instance_path / f"worker-{number}.log").read_text()

    def pay(self) -> str:
        """Open an order and store the event of its payment in the inbox; returns the order number."""
        opened = open_payment(self.brand)
        receive(
            self.brand,
            event(
                "payment_intent.succeeded",
                payment_intent(id=str(opened.payment_intent_id), status="succeeded"),
            ),
        )
        return opened.order_number

    def is_completed(self, order_number: str) -> bool:
        return load_order(self.brand, order_number).status is OrderStatus.COMPLETED

    def is_fulfilled(self, order_number: str) -> bool:
        order = load_order(self.brand, order_number)
        return order.status is OrderStatus.COMPLETED and [m.status for m in order.messages] == [
            MessageStatus.SENT
        ]


@pytest.fixture
def installation(
    request: pytest.FixtureRequest,
    run_directory: Path,
    settings: Settings,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> Iterator[Installation]:
    name = f"worker_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = getattr(request, "param", None) or postgresql.create_database(run_directory, name)
    with _installation(url, settings, sandbox, tmp_path) as created:
        yield created


@contextmanager
def _installation(
    url: str, settings: Settings, sandbox: SandboxServer, tmp_path: Path
) -> Iterator[Installation]:
    own = dataclasses.replace(settings, database_url=url, database_owner_url=url, instance_path=tmp_path)
    app = create_app(own, serves_http=False)
    with app.app_context():
        created = Installation(app, own, factories.make_brand(sandbox_url=sandbox.url))
        try:
            yield created
        finally:
            for worker in created.workers:
                worker.kill()
                worker.wait()
            for engine in db.engines.values():
                engine.dispose()
            # Restore the settings of the other tests in this process.
            create_app(settings, serves_http=False)


def prevent_sweeps(installation: Installation) -> None:
    """Mark the sweeps of these minutes as enqueued already, so that only an enqueued job starts work."""
    engine = create_engine(installation.settings.database_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp) "
                "SELECT task, extract(epoch FROM now())::bigint + second "
                "FROM unnest(ARRAY['sweep', 'sweep_outbox']) AS task, generate_series(-1200, 1200) AS second"
            )
        )
    engine.dispose()


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
        with _installation(url, settings, sandbox, tmp_path) as installation:
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

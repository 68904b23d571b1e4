"""Worker processes as they are run: woken, killed, asked to end, cut off from their database."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
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
from tests.support import factories, postgresql
from tests.support.factories import Brand, count, load_order, open_payment
from tests.support.mail_server import Mailbox, running
from tests.support.stripe_events import event, payment_intent, receive

#: How many connections to this database wait for a lock.
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
ROOT = Path(__file__).resolve().parent.parent.parent


def eventually(is_so: Callable[[], bool], *, within: float) -> float:
    """Seconds until it was so; fails if it was not in time."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < within, f"not within {within} s"
        time.sleep(0.05)
    return time.monotonic() - started


@dataclasses.dataclass
class House:
    """An installation with a database of its own, whose workers the test starts and ends."""

    app: Flask
    settings: Settings
    brand: Brand
    workers: list[subprocess.Popen[bytes]] = dataclasses.field(default_factory=list)

    def start_worker(self, changes: str = "", **settings: str) -> subprocess.Popen[bytes]:
        """A worker with these settings, after these lines of Python have run in its process."""
        environment = (
            os.environ
            | settings
            | {
                "LUMIRA_ENV": "production",
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
        """Open an order and put the event of its payment into the inbox; its number."""
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

    def is_served(self, order_number: str) -> bool:
        order = load_order(self.brand, order_number)
        return order.status is OrderStatus.COMPLETED and [m.status for m in order.messages] == [
            MessageStatus.SENT
        ]


@pytest.fixture
def house(
    request: pytest.FixtureRequest,
    run_directory: Path,
    settings: Settings,
    sandbox: SandboxServer,
    tmp_path: Path,
) -> Iterator[House]:
    name = f"worker_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = getattr(request, "param", None) or postgresql.create_database(run_directory, name)
    with _house(url, settings, sandbox, tmp_path) as built:
        yield built


@contextmanager
def _house(url: str, settings: Settings, sandbox: SandboxServer, tmp_path: Path) -> Iterator[House]:
    own = dataclasses.replace(settings, database_url=url, database_owner_url=url, instance_path=tmp_path)
    app = create_app(own)
    with app.app_context():
        built = House(app, own, factories.make_brand(sandbox_url=sandbox.url))
        try:
            yield built
        finally:
            for worker in built.workers:
                worker.kill()
                worker.wait()
            for engine in db.engines.values():
                engine.dispose()
            # The settings of the process are those of the other tests again.
            create_app(settings)


def prevent_sweeps(house: House) -> None:
    """Let workers believe that the sweeps of these minutes are queued already: only a wake-up is left."""
    engine = create_engine(house.settings.database_url)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp) "
                "SELECT task, extract(epoch FROM now())::bigint + second "
                "FROM unnest(ARRAY['sweep', 'sweep_outbox']) AS task, generate_series(-1200, 1200) AS second"
            )
        )
    engine.dispose()


def test_a_worker_is_woken_and_serves_at_once(house: House) -> None:
    prevent_sweeps(house)
    house.start_worker()
    for _ in range(2):
        number = house.pay()
        eventually(lambda number=number: house.is_served(number), within=120)


def test_without_a_worker_nothing_is_lost_only_late(house: House) -> None:
    numbers = [house.pay() for _ in range(3)]
    assert not any(house.is_served(number) for number in numbers)
    house.start_worker()
    eventually(lambda: all(house.is_served(number) for number in numbers), within=120)
    assert count(house.brand, AccessGrant) == count(house.brand, OutboxMessage) == 3


def test_a_mail_server_that_dawdles_keeps_nobody_from_being_served(house: House) -> None:
    mailbox = Mailbox()
    mailbox.pause = 600.0
    with running(mailbox) as port:
        # A letter takes longer than a slow machine may take to serve an order.
        house.start_worker(
            "from lumira.clients import smtp\nsmtp.REPLY_TIMEOUT = smtp.SEND_TIMEOUT = 600.0",
            SMTP_URL=f"smtp://127.0.0.1:{port}?starttls=never",
            MAIL_FROM="no-reply@lumira.example",
        )
        # Each order owes a letter, and sending takes a place of the worker. There are more letters than places.
        for _ in range(12):
            number = house.pay()
            eventually(lambda number=number: house.is_completed(number), within=120)


@contextmanager
def batch_in_hand(house: House) -> Iterator[str]:
    """A worker in the middle of its batch, because somebody holds the order (its number) as long as this lasts."""
    engine = create_engine(house.settings.database_url)
    with engine.connect() as holder:
        holder.execute(text("SELECT set_config('lumira.tenant_id', :id, true)"), {"id": str(house.brand.id)})
        opened = open_payment(house.brand)
        holder.execute(
            text("SELECT id FROM orders WHERE order_number = :number FOR UPDATE"),
            {"number": opened.order_number},
        )
        receive(
            house.brand,
            event(
                "payment_intent.succeeded",
                payment_intent(id=str(opened.payment_intent_id), status="succeeded"),
            ),
        )
        eventually(lambda: holder.execute(text(WAITING)).scalar_one() > 0, within=120)
        yield opened.order_number
        holder.rollback()
    engine.dispose()


def test_after_kill_9_of_one_worker_another_goes_on_within_30_seconds(house: House) -> None:
    doomed = house.start_worker()
    first = house.pay()
    usual = eventually(lambda: house.is_served(first), within=120)
    with batch_in_hand(house) as number:
        house.start_worker()
        eventually(lambda: "worker_started" in house.log(1), within=120)
        doomed.kill()

    # Where the machine is busy, everything takes longer, as the first order did.
    eventually(lambda: house.is_served(number), within=30 + 3 * usual)
    assert count(house.brand, AccessGrant) == count(house.brand, OutboxMessage) == 2


def test_sigterm_ends_a_worker_cleanly_and_soon(house: House) -> None:
    worker = house.start_worker()
    number = house.pay()
    eventually(lambda: house.is_served(number), within=120)

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=120) == 0
    assert "worker_stopped" in house.log()


def test_sigterm_finishes_the_batch_in_hand(house: House) -> None:
    worker = house.start_worker()
    first = house.pay()
    eventually(lambda: house.is_served(first), within=120)
    with batch_in_hand(house) as number:
        worker.send_signal(signal.SIGTERM)
        time.sleep(1)
        assert worker.poll() is None

    assert worker.wait(timeout=120) == 0
    assert load_order(house.brand, number).status is OrderStatus.COMPLETED


def test_a_worker_survives_a_restart_of_the_database(
    settings: Settings, sandbox: SandboxServer, run_directory: Path, tmp_path: Path
) -> None:
    data = run_directory / f"restarted-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = embedded_postgresql.start(data).replace("postgresql://", "postgresql+psycopg://")
    try:
        postgresql.migrate(url)
        with _house(url, settings, sandbox, tmp_path) as house:
            worker = house.start_worker()
            first = house.pay()
            eventually(lambda: house.is_served(first), within=120)
            embedded_postgresql.stop(data)
            time.sleep(2)
            embedded_postgresql.restart(data)
            second = house.pay()
            eventually(lambda: house.is_served(second), within=120)
            assert worker.poll() is None
    finally:
        embedded_postgresql.stop(data)

"""An installation with a database of its own, whose worker processes a test starts, stops and kills."""

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import create_engine, text

from config.settings import ROOT, Settings
from lumira import create_app
from lumira.database import db
from lumira.models import MessageStatus, OrderStatus
from lumira.sandbox.server import SandboxServer
from tests.support import factories
from tests.support.factories import Brand, load_order, open_payment
from tests.support.stripe_events import event, payment_intent, receive


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
        environment = os.environ | {
            "LUMIRA_ENV": "production",
            "SMTP_URL": "files",
            "DATABASE_URL": self.settings.database_url,
            "SECRET_KEY": self.settings.secret_key,
            "LUMIRA_ENCRYPTION_KEYS": self.settings.encryption_keys[0],
            "LUMIRA_INSTANCE": str(self.settings.instance_path),
        }
        environment |= settings
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


@contextmanager
def installed(url: str, settings: Settings, sandbox: SandboxServer, tmp_path: Path) -> Iterator[Installation]:
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

"""The measured installation: a brand, its orders, and an inbox full of their payments, made once by Lumira itself."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
from cryptography.fernet import Fernet
from flask import Flask

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.database import db
from lumira.sandbox.server import SandboxServer
from lumira.tasks.queue import queue
from lumira.webhooks import inbox
from tests import factories, postgresql, stripe_events
from tests.benchmarks import reference
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.server import LOGIN, Server
from tests.factories import Brand

#: Databases that every measurement gets a copy of.
WITH_CATALOG, WITH_FULL_INBOX, REFERENCE = "with_catalog", "with_full_inbox", "reference"


@dataclass(frozen=True, slots=True)
class Installation:
    """What the measured processes are started with, and what is known of their data."""

    server: Server
    brand: Brand
    encryption_key: str
    instance: Path
    orders: int

    def environment(self, database: str) -> dict[str, str]:
        """An operator's settings for one of the databases. Nothing is asked of Stripe while measuring."""
        return {
            "LUMIRA_ENV": "production",
            "DATABASE_URL": self.server.address(database, login=LOGIN),
            "SECRET_KEY": "only-for-benchmarks",
            "LUMIRA_ENCRYPTION_KEYS": self.encryption_key,
            "LUMIRA_INSTANCE": str(self.instance),
            "STRIPE_API_BASE": "http://127.0.0.1:9",
        }


def prepare(server: Server, directory: Path, *, orders: int) -> Installation:
    """Make the databases: one with a brand, the same with orders and their unhandled events, the reference's."""
    server.create(REFERENCE, owner=LOGIN)
    with server.connect(REFERENCE) as connection:
        connection.execute(reference.TABLE)
        connection.execute(f"ALTER TABLE events OWNER TO {LOGIN}")
    server.create(WITH_CATALOG)
    postgresql.migrate(server.address(WITH_CATALOG).replace("postgresql:", "postgresql+psycopg:"))
    with server.connect(WITH_CATALOG) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    key = Fernet.generate_key().decode()
    instance = directory / "instance"
    with SandboxServer(directory / "sandbox") as sandbox, server.in_haste():
        settings = Settings(
            environment="production",
            database_url=_url(server, WITH_CATALOG),
            database_owner_url=_url(server, WITH_CATALOG),
            secret_key=secrets.token_hex(16),
            encryption_keys=(key,),
            instance_path=instance,
            stripe_api_base=sandbox.url,
            rate_limits=RateLimits(enabled=False),
        )
        with _application(settings):
            brand = factories.make_brand(sandbox_url=sandbox.url)
        _hold_back(server, WITH_CATALOG, brand)
        server.copy(WITH_CATALOG, WITH_FULL_INBOX)
        with _application(replace(settings, database_url=_url(server, WITH_FULL_INBOX))):
            for number in range(orders):
                _receive_payment(brand, number)
    _settle_down(server)
    return Installation(server, brand, key, instance, orders)


def _url(server: Server, database: str) -> str:
    return server.address(database, login=LOGIN).replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def _application(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with app.app_context():
        yield app
        for engine in db.engines.values():
            engine.dispose()


def _receive_payment(brand: Brand, number: int) -> None:
    """One order of a buyer of its own, opened as a buyer opens it, and the event that it was paid."""
    opened = factories.open_payment(brand, customer_email=f"buyer-{number}@example.com")
    body = encode(Paid(f"evt_{number:024}", str(opened.payment_intent_id), opened.order_number))
    inbox.receive(brand.id, body=body, signature=stripe_events.signature(body, brand.webhook_secret))


def _hold_back(server: Server, database: str, brand: Brand) -> None:
    """Let workers do nothing but settle: whatever else would wake them is queued already, for tomorrow.

    These are rows as Lumira writes them, so that settling still does everything that it does: a wake-up that is
    queued is not queued twice. `retry_stalled` belongs to the worker itself and stays.
    """
    held = [(f"relay_outbox:{brand.id}", "relay_outbox")]
    for periodic in queue.periodic_registry.periodic_tasks.values():
        if periodic.task.name != "retry_stalled":
            held.append((str(periodic.task.queueing_lock), periodic.task.name))
    with server.connect(database) as connection:
        for lock, task in held:
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at) "
                "VALUES ('lumira', %s, %s, '{}', now() + interval '1 day')",
                (task, lock),
            )


def _settle_down(server: Server) -> None:
    """What autovacuum does in its own time is done before anything is measured."""
    for database in (WITH_CATALOG, WITH_FULL_INBOX, REFERENCE):
        with server.connect(database) as connection:
            connection.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = 'drain_inbox'"
            ) if database != REFERENCE else None
            connection.execute("VACUUM ANALYZE")

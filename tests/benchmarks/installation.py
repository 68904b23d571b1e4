"""The measured installation: a tenant, its orders, and the unprocessed events of their payments."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.database import atomic, db
from lumira.models import Product, Tenant
from lumira.repositories.catalog import products
from lumira.repositories.tenants import tenants
from lumira.tasks.queue import queue
from lumira.webhooks import inbox
from tests.benchmarks import reference
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.server import LOGIN, Server
from tests.support import factories, postgresql, stripe_events
from tests.support.factories import Brand
from tests.support.unpaid_orders import insert_unpaid

#: The address of Stripe: measuring makes no call, and a call would fail at once.
NO_STRIPE = "http://127.0.0.1:9"
#: Orders created per transaction.
_PER_TRANSACTION = 100
#: Template databases; each measurement runs on a copy.
WITH_CATALOG, WITH_FULL_INBOX, REFERENCE = "with_catalog", "with_full_inbox", "reference"


@dataclass(frozen=True, slots=True)
class Installation:
    """The settings of the measured processes, and their data."""

    server: Server
    brand: Brand
    encryption_key: str
    directory: Path
    orders: int

    def environment(self, database: str) -> dict[str, str]:
        """Return the environment variables of the processes for one of the databases."""
        return {
            "LUMIRA_ENV": "production",
            "SMTP_URL": "files",
            "DATABASE_URL": self.server.address(database, login=LOGIN),
            "SECRET_KEY": "only-for-benchmarks-0123456789abcdef",
            "LUMIRA_ENCRYPTION_KEYS": self.encryption_key,
            "LUMIRA_INSTANCE": str(self.directory / "instance"),
            "STRIPE_API_BASE": NO_STRIPE,
        }


def prepare(
    server: Server, directory: Path, *, orders: int, seller: dict[str, Any] | None = None
) -> Installation:
    """Create the databases: with a tenant, with its orders and unprocessed events, and of the reference."""
    server.create(REFERENCE, owner=LOGIN)
    with server.connect(REFERENCE) as connection:
        connection.execute(reference.TABLE)
        connection.execute(f"ALTER TABLE events OWNER TO {LOGIN}")
    server.create(WITH_CATALOG)
    postgresql.migrate(_url(server, WITH_CATALOG, login=None))
    with server.connect(WITH_CATALOG) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    encryption_key = Fernet.generate_key().decode()
    settings = _settings(server, directory, encryption_key=encryption_key)
    with server.without_durability():
        with _application(settings):
            brand = factories.make_brand(sandbox_url=NO_STRIPE, seller=seller)
        _postpone_other_jobs(server, WITH_CATALOG, brand)
        server.copy(WITH_CATALOG, WITH_FULL_INBOX)
        with _application(replace(settings, database_url=_url(server, WITH_FULL_INBOX))):
            for first in range(0, orders, _PER_TRANSACTION):
                _receive_payments(brand, range(first, min(first + _PER_TRANSACTION, orders)))
    _vacuum(server)
    return Installation(server, brand, encryption_key, directory, orders)


def _settings(server: Server, directory: Path, *, encryption_key: str) -> Settings:
    return Settings(
        environment="production",
        database_url=_url(server, WITH_CATALOG),
        database_owner_url=_url(server, WITH_CATALOG),
        secret_key="only-for-benchmarks-0123456789abcdef",
        encryption_keys=(encryption_key,),
        instance_path=directory / "instance",
        stripe_api_base=NO_STRIPE,
        rate_limits=RateLimits(enabled=False),
    )


def _url(server: Server, database: str, *, login: str | None = LOGIN) -> str:
    return server.address(database, login=login).replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def _application(settings: Settings) -> Iterator[None]:
    app = create_app(settings)
    # Thousands of log lines of the preparation would hide a warning.
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        yield
        for engine in db.engines.values():
            engine.dispose()


def _receive_payments(brand: Brand, numbers: range) -> None:
    """Open orders, each of another customer, and receive the events of their payments."""
    with atomic(brand.id):
        tenant, product = tenants.get(brand.id), products.get_product(brand.id, "mystique")
        opened = [_open_order(tenant, product, number) for number in numbers]
    for paid in opened:
        body = encode(paid)
        inbox.receive(brand.id, body=body, signature=stripe_events.signature(body, brand.webhook_secret))


def _open_order(tenant: Tenant, product: Product, number: int) -> Paid:
    intent_id = f"pi_{number:024}"
    order = insert_unpaid(tenant, product, email=f"buyer-{number}@example.com", intent_id=intent_id)
    return Paid(f"evt_{number:024}", intent_id, order.order_number)


def _postpone_other_jobs(server: Server, database: str, brand: Brand) -> None:
    """Enqueue all other jobs for tomorrow, so that workers only settle orders.

    The rows are those that Lumira writes, so settling does all its work: it finds its follow-up jobs enqueued already.
    `retry_stalled` belongs to the worker itself and remains.
    """
    periodic = [entry.task for entry in queue.periodic_registry.periodic_tasks.values()]
    postponed = [(str(task.queueing_lock), task.name) for task in periodic if task.name != "retry_stalled"]
    postponed.append((f"relay_outbox:{brand.id}", "relay_outbox"))
    with server.connect(database) as connection:
        for lock, task in postponed:
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at) "
                "VALUES ('lumira', %s, %s, '{}', now() + interval '1 day')",
                (task, lock),
            )


def _vacuum(server: Server) -> None:
    """Vacuum and analyze the databases, so that autovacuum does not run during a measurement."""
    with server.connect(WITH_FULL_INBOX) as connection:
        # The benchmark enqueues the jobs once the workers run.
        connection.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'process_events'")
    for database in (WITH_CATALOG, WITH_FULL_INBOX, REFERENCE):
        with server.connect(database) as connection:
            connection.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = 'process_events'"
            ) if database != REFERENCE else None
            connection.execute("VACUUM ANALYZE")

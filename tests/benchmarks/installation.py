"""The measured installation: a brand, its orders, and an inbox full of their payments, made once by Lumira itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.fernet import Fernet

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import payments
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.payments import IntentFacts, Seller
from lumira.models import Product, Tenant
from lumira.repositories import customers, order_polls, orders, products, tenants
from lumira.services.checkout.open_order import open_order
from lumira.tasks.queue import queue
from lumira.webhooks import inbox
from tests.benchmarks import reference
from tests.benchmarks.payment_succeeded import Paid, encode
from tests.benchmarks.server import LOGIN, Server
from tests.support import factories, postgresql, stripe_events
from tests.support.factories import Brand

#: Where Stripe would be: nothing is asked of it while measuring, and a call would fail at once.
NOBODY = "http://127.0.0.1:9"
#: Orders made in one transaction.
_AT_ONCE = 100
#: Databases that every measurement gets a copy of.
WITH_CATALOG, WITH_FULL_INBOX, REFERENCE = "with_catalog", "with_full_inbox", "reference"


@dataclass(frozen=True, slots=True)
class Installation:
    """What the measured processes are started with, and what is known of their data."""

    server: Server
    brand: Brand
    encryption_key: str
    directory: Path
    orders: int

    def environment(self, database: str) -> dict[str, str]:
        """An operator's settings for one of the databases. Nothing is asked of Stripe while measuring."""
        return {
            "LUMIRA_ENV": "production",
            "DATABASE_URL": self.server.address(database, login=LOGIN),
            "SECRET_KEY": "only-for-benchmarks",
            "LUMIRA_ENCRYPTION_KEYS": self.encryption_key,
            "LUMIRA_INSTANCE": str(self.directory / "instance"),
            "STRIPE_API_BASE": NOBODY,
        }


def prepare(server: Server, directory: Path, *, orders: int) -> Installation:
    """Make the databases: one with a brand, the same with orders and their unhandled events, the reference's."""
    server.create(REFERENCE, owner=LOGIN)
    with server.connect(REFERENCE) as connection:
        connection.execute(reference.TABLE)
        connection.execute(f"ALTER TABLE events OWNER TO {LOGIN}")
    server.create(WITH_CATALOG)
    postgresql.migrate(_url(server, WITH_CATALOG, login=None))
    with server.connect(WITH_CATALOG) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    made = Fernet.generate_key().decode()
    settings = _settings(server, directory, encryption_key=made)
    with server.in_haste():
        with _application(settings):
            brand = factories.make_brand(sandbox_url=NOBODY)
        _hold_back(server, WITH_CATALOG, brand)
        server.copy(WITH_CATALOG, WITH_FULL_INBOX)
        with _application(replace(settings, database_url=_url(server, WITH_FULL_INBOX))):
            for first in range(0, orders, _AT_ONCE):
                _receive_payments(brand, range(first, min(first + _AT_ONCE, orders)))
    _settle_down(server)
    return Installation(server, brand, made, directory, orders)


def _settings(server: Server, directory: Path, *, encryption_key: str) -> Settings:
    return Settings(
        environment="production",
        database_url=_url(server, WITH_CATALOG),
        database_owner_url=_url(server, WITH_CATALOG),
        secret_key="only-for-benchmarks",
        encryption_keys=(encryption_key,),
        instance_path=directory / "instance",
        stripe_api_base=NOBODY,
        rate_limits=RateLimits(enabled=False),
    )


def _url(server: Server, database: str, *, login: str | None = LOGIN) -> str:
    return server.address(database, login=login).replace("postgresql:", "postgresql+psycopg:")


@contextmanager
def _application(settings: Settings) -> Iterator[None]:
    app = create_app(settings)
    # Thousands of lines on how the data were made would hide the one that matters.
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        yield
        for engine in db.engines.values():
            engine.dispose()


def _receive_payments(brand: Brand, numbers: range) -> None:
    """Orders as opening a payment leaves them, each of a buyer of its own, and the events that they were paid."""
    with atomic(brand.id):
        tenant, product = tenants.get(brand.id), products.get_product(brand.id, "mystique")
        opened = [_open_order(tenant, product, number) for number in numbers]
    for paid in opened:
        body = encode(paid)
        inbox.receive(brand.id, body=body, signature=stripe_events.signature(body, brand.webhook_secret))


def _open_order(tenant: Tenant, product: Product, number: int) -> Paid:
    email = f"buyer-{number}@example.com"
    order = open_order(
        tenant,
        CheckoutCommand((CheckoutItem(product.id),), email, source="products"),
        items=[(product, 1)],
        customer=customers.find_or_create(tenant.id, email=email, name=None),
        livemode=False,
        request_id=None,
    )
    locked = orders.lock_order(tenant.id, order.id)
    payments.freeze_intent_request(
        locked, seller=Seller(tenant.slug, tenant.name, None), stripe_customer_id=None
    )
    # Between asking Stripe and its answer there is a commit: what was asked is frozen by then.
    db.session.flush()
    intent_id = f"pi_{number:024}"
    payments.attach_intent(
        locked, IntentFacts(intent_id, "requires_payment_method", order.amount, order.currency)
    )
    order_polls.schedule(locked, utc_now())
    return Paid(f"evt_{number:024}", intent_id, order.order_number)


def _hold_back(server: Server, database: str, brand: Brand) -> None:
    """Let workers do nothing but settle: whatever else would wake them is queued already, for tomorrow.

    These are rows as Lumira writes them, so that settling still does everything that it does: a wake-up that is
    queued is not queued twice. `retry_stalled` belongs to the worker itself and stays.
    """
    periodic = [each.task for each in queue.periodic_registry.periodic_tasks.values()]
    held = [(str(task.queueing_lock), task.name) for task in periodic if task.name != "retry_stalled"]
    held.append((f"relay_outbox:{brand.id}", "relay_outbox"))
    with server.connect(database) as connection:
        for lock, task in held:
            connection.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at) "
                "VALUES ('lumira', %s, %s, '{}', now() + interval '1 day')",
                (task, lock),
            )


def _settle_down(server: Server) -> None:
    """What autovacuum does in its own time is done before anything is measured."""
    with server.connect(WITH_FULL_INBOX) as connection:
        # The workers get their wake-ups when they are up.
        connection.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'process_events'")
    for database in (WITH_CATALOG, WITH_FULL_INBOX, REFERENCE):
        with server.connect(database) as connection:
            connection.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = 'process_events'"
            ) if database != REFERENCE else None
            connection.execute("VACUUM ANALYZE")

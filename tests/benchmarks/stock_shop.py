"""The measured shop: one tenant with one product in demand and open orders for it."""

import logging
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from config.settings import Settings
from lumira import create_app
from lumira.database import db
from tests.benchmarks.server import LOGIN, Server
from tests.support import factories, postgresql
from tests.support.factories import Brand

#: The template database; each measurement runs on a copy.
DATABASE = "shop"
PRODUCT = "shirt"
#: More units than all rounds reserve: no reservation fails.
UNITS = 50_000_000
#: Orders without a reservation: more than a round can reserve for.
ORDERS = 60_000
#: The orders are opened beforehand, because only the reservation is measured.
_OPEN_ORDERS = """
    WITH opened AS (
    INSERT INTO orders (tenant_id, id, order_number, amount, currency, livemode, source, metadata, status, polls,
                        release_on_failure, created_at, updated_at)
    SELECT %s, gen_random_uuid(), 'BENCH-' || number, 5900, 'eur', false, 'products', '{}', 'pending', 0,
           'at_deadline', now(), now()
    FROM generate_series(1, %s) AS number
    RETURNING tenant_id, id
    )
    INSERT INTO order_lines (tenant_id, id, order_id, position, product_id, product_name, kind, quantity, unit_amount,
                             included_products, deliverables, on_partial_refund, restock_on_refund,
                             delayed_methods)
    SELECT tenant_id, gen_random_uuid(), id, 0, %s, 'Chemise', 'physical', 1, 5900, '{}', '[]', 'keep', true, true
    FROM opened
"""
#: The address of Stripe: measuring makes no call, and a call would fail at once.
_NO_STRIPE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Shop:
    """The settings of the measured processes."""

    server: Server
    brand: Brand
    encryption_key: str
    directory: Path

    def environment(self, database: str) -> dict[str, str]:
        """Return the environment variables of the processes for one of the databases."""
        return _environment(self.server, database, self.encryption_key, self.directory)


def prepare(server: Server, directory: Path) -> Shop:
    """Create the database with its tenant and orders; the measured login is a member of the application's role."""
    server.create(DATABASE)
    owner = server.address(DATABASE).replace("postgresql:", "postgresql+psycopg:")
    postgresql.migrate(owner)
    with server.connect(DATABASE) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    key = Fernet.generate_key().decode()
    app = create_app(Settings.from_environment(_environment(server, DATABASE, key, directory)))
    # The log lines of the preparation would hide a warning.
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        brand = factories.make_brand(sandbox_url=_NO_STRIPE)
        factories.set_stock(brand, PRODUCT, UNITS)
        for engine in db.engines.values():
            engine.dispose()
    with server.connect(DATABASE) as connection:
        connection.execute(_OPEN_ORDERS, (brand.id, ORDERS, PRODUCT))
        connection.execute("VACUUM ANALYZE")
    return Shop(server, brand, key, directory)


def _environment(server: Server, database: str, key: str, directory: Path) -> dict[str, str]:
    return {
        "LUMIRA_ENV": "production",
        "SMTP_URL": "files",
        "DATABASE_URL": server.address(database, login=LOGIN),
        "SECRET_KEY": "only-for-benchmarks-0123456789abcdef",
        "LUMIRA_ENCRYPTION_KEYS": key,
        "LUMIRA_INSTANCE": str(directory / "instance"),
        "STRIPE_API_BASE": _NO_STRIPE,
    }

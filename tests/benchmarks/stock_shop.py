"""The measured shop: one brand, made by Lumira itself, with one product that everybody wants."""

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

#: The database that every measurement gets a copy of.
DATABASE = "shop"
PRODUCT = "shirt"
#: More pieces than all rounds hold: nobody is turned away.
PIECES = 50_000_000
#: Orders that wait for their piece: more than are served in the time of a round.
ORDERS = 60_000
#: Opened beforehand, because what is measured is taking the piece.
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
                             includes_lower_levels, deliverables, on_partial_refund, restock_on_refund)
    SELECT tenant_id, gen_random_uuid(), id, 0, %s, 'Chemise', 'physical', 1, 5900, false, '[]', 'keep', true
    FROM opened
"""
#: Where Stripe would be: nothing is asked of it while measuring, and a call would fail at once.
_NOBODY = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Shop:
    """What the measured processes are started with."""

    server: Server
    brand: Brand
    encryption_key: str
    directory: Path

    def environment(self, database: str) -> dict[str, str]:
        """An operator's settings for one of the databases."""
        return _environment(self.server, database, self.encryption_key, self.directory)


def prepare(server: Server, directory: Path) -> Shop:
    """Make the database with its brand; the measured login is a plain member of the application's role."""
    server.create(DATABASE)
    owner = server.address(DATABASE).replace("postgresql:", "postgresql+psycopg:")
    postgresql.migrate(owner)
    with server.connect(DATABASE) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    key = Fernet.generate_key().decode()
    app = create_app(Settings.from_environment(_environment(server, DATABASE, key, directory)))
    # How the data are made is nobody's interest here.
    logging.getLogger().setLevel(logging.WARNING)
    with app.app_context():
        brand = factories.make_brand(sandbox_url=_NOBODY)
        factories.set_stock(brand, PRODUCT, PIECES)
        for engine in db.engines.values():
            engine.dispose()
    with server.connect(DATABASE) as connection:
        connection.execute(_OPEN_ORDERS, (brand.id, ORDERS, PRODUCT))
        connection.execute("VACUUM ANALYZE")
    return Shop(server, brand, key, directory)


def _environment(server: Server, database: str, key: str, directory: Path) -> dict[str, str]:
    return {
        "LUMIRA_ENV": "production",
        "DATABASE_URL": server.address(database, login=LOGIN),
        "SECRET_KEY": "only-for-benchmarks",
        "LUMIRA_ENCRYPTION_KEYS": key,
        "LUMIRA_INSTANCE": str(directory / "instance"),
        "STRIPE_API_BASE": _NOBODY,
    }

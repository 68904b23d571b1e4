"""The two databases that are compared: one with a tenant and a few orders, and a copy of it with large tables."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from flask import Flask

from config.settings import RateLimits, Settings
from lumira import create_app
from lumira.database import atomic, db
from lumira.repositories.tenants import tenants
from lumira.services.receipts.seal_receipts import seal_receipts
from tests.benchmarks.installation import NO_STRIPE
from tests.benchmarks.scale import seed, template
from tests.benchmarks.scale.columns import Size
from tests.benchmarks.server import LOGIN, Server
from tests.support import factories, postgresql, seller
from tests.support.factories import Brand

EMPTY, LARGE = "empty", "large"


@dataclass(frozen=True, slots=True)
class Setup:
    """The databases, and the settings of the processes that use them."""

    server: Server
    directory: Path
    brand: Brand
    encryption_key: str
    size: Size

    def settings(self, database: str) -> Settings:
        """Return the settings of an installation on one of the databases."""
        url = self.server.address(database, login=LOGIN).replace("postgresql:", "postgresql+psycopg:")
        return Settings(
            environment="production",
            database_url=url,
            database_owner_url=url,
            secret_key="only-for-benchmarks-0123456789abcdef",
            encryption_keys=(self.encryption_key,),
            instance_path=self.directory / "instance",
            stripe_api_base=NO_STRIPE,
            rate_limits=RateLimits(enabled=False),
        )

    @contextmanager
    def application(self, database: str) -> Iterator[Flask]:
        """Run the block inside an application on one of the databases."""
        app = create_app(self.settings(database))
        # Thousands of log lines would hide the results.
        logging.getLogger().setLevel(logging.ERROR)
        with app.app_context():
            yield app
            for engine in db.engines.values():
                engine.dispose()


def prepare(server: Server, directory: Path, size: Size, *, log: Callable[[str], None]) -> Setup:
    """Create both databases."""
    server.create(EMPTY)
    postgresql.migrate(server.address(EMPTY).replace("postgresql:", "postgresql+psycopg:"))
    with server.connect(EMPTY) as connection:
        connection.execute(f"GRANT lumira_app TO {LOGIN}")
    setup = Setup(server, directory, _nobody(), Fernet.generate_key().decode(), size)
    with server.without_durability(), setup.application(EMPTY):
        brand = factories.make_brand(sandbox_url=NO_STRIPE, seller=seller.EXEMPT)
        templates = template.make(brand)
    server.copy(EMPTY, LARGE)
    with server.connect(LARGE) as connection:
        seed.fill(connection, brand, templates, size, log)
    filled = Setup(server, directory, brand, setup.encryption_key, size)
    with server.without_durability(), filled.application(LARGE):
        _seal_receipts(log)
    for database in (EMPTY, LARGE):
        with server.connect(database) as connection:
            connection.execute("VACUUM ANALYZE")
    return filled


def _seal_receipts(log: Callable[[str], None]) -> None:
    started = time.perf_counter()
    with atomic(None):
        tenant_ids = tenants.list_ids()
    sealed = sum(seal_receipts(tenant_id) for tenant_id in tenant_ids)
    log(f"{time.perf_counter() - started:8,.0f} s  receipts sealed: {sealed:,}")


def _nobody() -> Brand:
    return Brand(0, "", "", "", "", "", "", "", "", "")

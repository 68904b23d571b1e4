"""Fixtures for all tests: the application, tenants of their own, the Stripe sandbox."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
import structlog
from argon2 import PasswordHasher
from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient

from config.settings import RateLimits, Settings
from lumira import create_app, encryption, extensions, passwords
from lumira.clients import stripe_transport
from lumira.database import db
from lumira.documents import image_sizes, pool
from lumira.sandbox.server import SandboxServer
from tests.support import factories, open_connections, postgresql
from tests.support.distributable import watched_statements
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import Brand
from tests.support.statements import Statements, noted_statements

#: The environment variable with the run's folder, shared by its processes. Not a folder of pytest's: the next run
#: deletes those, even while a database server still uses them.
_RUN = "LUMIRA_TEST_RUN"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        os.environ[_RUN] = tempfile.mkdtemp(prefix="lumira-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgresql.stop(Path(os.environ[_RUN]))
        shutil.rmtree(os.environ.pop(_RUN), ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def short_pauses() -> Iterator[None]:
    """Repeat a failed call to Stripe almost at once: tests check how often it is repeated, and not how late."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.01)
        patched.setattr(stripe.HTTPClient, "MAX_DELAY", 0.02)
        patched.setattr(stripe_transport, "RATE_LIMIT_PAUSE", 0.01)
        yield


@pytest.fixture(scope="session", autouse=True)
def distributable_statements() -> Iterator[None]:
    """Let the application send no statement that tables distributed by tenant could not run."""
    with watched_statements():
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Wait long for what another process does: on a busy machine it takes many times longer than in production.

    Tests of one of these limits set it themselves.
    """
    with pytest.MonkeyPatch.context() as patched:
        for limits, name in ((pool, "WAIT_LIMIT"), (pool, "TIME_LIMIT"), (image_sizes, "_WAIT_LIMIT")):
            patched.setattr(limits, name, 60.0)
        patched.setattr(image_sizes, "_TIME_LIMIT", 120.0)
        patched.setattr(extensions, "_REDIS_TIMEOUT", 10.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords with hardly any work: hundreds of tests sign in. `test_passwords` uses the production's hashes."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "_hasher", quick)
        patched.setattr(passwords, "_DECOY", quick.hash("no operator has this password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def rare_collections() -> Iterator[None]:
    """Collect garbage rarely, and none of what the tests' modules contain, as a web server does."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def noted_connections() -> Iterator[None]:
    """Note every connection to PostgreSQL, for `closed_connections`."""
    with open_connections.noted():
        yield


@pytest.fixture(scope="module", autouse=True)
def closed_connections(noted_connections: None) -> Iterator[None]:
    """Fail the module that leaves a connection open, by disposing of no engine for example."""
    yield
    assert open_connections.forget_open() == []


@pytest.fixture(scope="module", autouse=True)
def same_encryption_keys() -> Iterator[None]:
    """Fail the module that leaves other encryption keys than it found.

    What the other tests of this process then store in the database is unreadable to the servers that they start.
    """
    before = list(encryption._raw)
    yield
    assert before in ([], encryption._raw)


@pytest.fixture(scope="session")
def run_directory() -> Path:
    """The folder that all processes of the run share."""
    return Path(os.environ[_RUN])


@pytest.fixture(scope="session")
def database_url(run_directory: Path) -> str:
    return postgresql.create_database(
        run_directory, f"lumira_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    )


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """The Stripe sandbox, over real HTTP."""
    with SandboxServer(tmp_path_factory.mktemp("sandbox")) as server:
        yield server


@pytest.fixture
def dolibarr_server(sandbox: SandboxServer) -> DolibarrSandbox:
    """A Dolibarr of this test, with the unique extra field for Lumira's ids."""
    return DolibarrSandbox(sandbox.url)


@pytest.fixture(scope="session")
def settings(database_url: str, sandbox: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        environment="production",
        database_url=database_url,
        database_owner_url=database_url,
        secret_key="only-for-tests-0123456789abcdefghij",
        encryption_keys=(Fernet.generate_key().decode(),),
        instance_path=tmp_path_factory.mktemp("instance"),
        stripe_api_base=sandbox.url,
        rate_limits=RateLimits(enabled=False),
        database_pool_size=20,
        # Where the sandbox's Dolibarr is.
        dolibarr_private_hosts=frozenset(("127.0.0.1",)),
    )


@pytest.fixture(scope="session")
def app(settings: Settings) -> Iterator[Flask]:
    application = create_app(settings)
    application.testing = True
    with application.app_context():
        for engine in db.engines.values():
            open_connections.keep(engine)
    yield application
    with application.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(autouse=True)
def own_log_fields() -> None:
    """Begin each test without the request id of the one before it, which the audit log would name."""
    structlog.contextvars.clear_contextvars()


@pytest.fixture
def app_context(app: Flask) -> Iterator[None]:
    """An application context, as a request or a job has one."""
    with app.app_context():
        yield


@pytest.fixture
def statements(app_context: None) -> Iterator[Statements]:
    """What is sent to the application's database."""
    with noted_statements() as noted:
        yield noted


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def make_brand(app: Flask, sandbox: SandboxServer) -> Callable[..., Brand]:
    """Return a function that creates a tenant with its own catalog, keys and Stripe credentials.

    Tests commit for real and do not interfere, because each works in its own tenant.
    """

    def make(**options: Any) -> Brand:
        with app.app_context():
            return factories.make_brand(sandbox_url=sandbox.url, **options)

    return make


@pytest.fixture
def tenant(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand()


@pytest.fixture
def other_tenant(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand()

"""A real PostgreSQL for the tests: one server per run, one database per process."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from config import embedded_postgresql

TEMPLATE = "lumira_template"
#: The tests survive no crash of the machine, so they write as little as possible and wait for no disk.
_SETTINGS = (
    "fsync = off",
    "synchronous_commit = off",
    "full_page_writes = off",
    "checkpoint_timeout = '1h'",
    "max_wal_size = '4GB'",
)
MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@contextmanager
def _locked(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def migrate(url: str, revision: str = "head") -> None:
    """Migrate the database at `url` to a revision."""
    engine = create_engine(url)
    with engine.connect() as connection:
        alembic = Config()
        alembic.set_main_option("script_location", str(MIGRATIONS))
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, revision)
    engine.dispose()


@cache
def server(directory: Path) -> str:
    """Return the URL of the run's server, which is started if necessary.

    Once in a process: the package that starts it has one lock for all servers of the machine.
    """
    url = make_url(embedded_postgresql.start(directory / "postgresql")).set(drivername="postgresql+psycopg")
    return url.render_as_string(hide_password=False)


def stop(directory: Path) -> None:
    """Stop the run's server if it is running."""
    data = directory / "postgresql"
    if (data / "postmaster.pid").exists():
        embedded_postgresql.stop(data)


def create_database(directory: Path, name: str, *, template: str | None = TEMPLATE) -> str:
    """Return the URL of a new database: a copy of the migrated template, or empty if `template` is `None`."""
    with _locked(directory / "postgresql.lock"):
        base = server(directory)
        engine = create_engine(base, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            names = set(connection.execute(text("SELECT datname FROM pg_database")).scalars())
            if TEMPLATE not in names and template is not None:
                for setting in _SETTINGS:
                    connection.execute(text(f"ALTER SYSTEM SET {setting}"))
                connection.execute(text("SELECT pg_reload_conf()"))
                connection.execute(text(f"CREATE DATABASE {TEMPLATE}"))
                migrate(str(make_url(base).set(database=TEMPLATE).render_as_string(hide_password=False)))
            if name in names:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            suffix = f" TEMPLATE {template}" if template else ""
            connection.execute(text(f"CREATE DATABASE {name}{suffix}"))
        engine.dispose()
    return make_url(base).set(database=name).render_as_string(hide_password=False)

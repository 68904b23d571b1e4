"""A durable PostgreSQL server of the run, with databases in the same state for every measurement."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

from config import embedded_postgresql

#: The login of the measured processes: a member of the application's role, subject to every policy.
LOGIN = "lumira_web"
#: The settings that make a commit durable; results with other settings are not comparable.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
#: Seconds of consecutive commits that measure the cost of a flush.
_FLUSH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, with the URL of its superuser."""

    url: URL
    #: The id of its first process.
    pid: int

    def address(self, database: str, *, login: str | None = None) -> str:
        """Return the URL of a database, for the superuser unless `login` is set."""
        url = self.url.set(database=database)
        return (url.set(username=login) if login else url).render_as_string(hide_password=False)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Return an autocommit connection of the superuser, which bypasses row-level security."""
        return psycopg.connect(self.address(database), autocommit=True)

    def create(self, database: str, *, owner: str = "postgres") -> None:
        """Create an empty database."""
        self._do(f"CREATE DATABASE {database} OWNER {owner}")

    def copy(self, template: str, name: str) -> None:
        """Create a copy of `template`, which must have no connection."""
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    @contextmanager
    def copied(self, template: str) -> Iterator[str]:
        """Yield the name of a copy of `template`, which is dropped afterwards."""
        name = f"{template}_copy"
        self.copy(template, name)
        try:
            self.require_durability(name)
            # Write the dirty pages of earlier work now, not during the measurement.
            self._do("CHECKPOINT")
            yield name
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    @contextmanager
    def without_durability(self) -> Iterator[None]:
        """Let the login's commits not wait for the disk while unmeasured data are created."""
        self._do(f"ALTER ROLE {LOGIN} SET synchronous_commit = off")
        yield
        self._do(f"ALTER ROLE {LOGIN} RESET synchronous_commit")

    def require_durability(self, database: str) -> None:
        """Raise `RuntimeError` unless every commit of the measured login is durable."""
        with psycopg.connect(self.address(database, login=LOGIN)) as connection:
            for name, required in DURABLE.items():
                [(value,)] = connection.execute(f"SHOW {name}").fetchall()
                if value != required:
                    raise RuntimeError(f"{name} is {value}: the results would not be comparable.")

    def version(self) -> str:
        with self.connect() as connection:
            return str(connection.execute("SHOW server_version").fetchall()[0][0])

    def commits_per_second(self) -> float:
        """Return the consecutive durable commits per second of one connection."""
        with self.connect() as connection:
            connection.execute("CREATE TABLE flushed (at timestamptz)")
            started = time.perf_counter()
            commits = 0
            while time.perf_counter() - started < _FLUSH_SECONDS:
                connection.execute("INSERT INTO flushed VALUES (now())")
                commits += 1
            seconds = time.perf_counter() - started
            connection.execute("DROP TABLE flushed")
        return commits / seconds


@contextmanager
def running(directory: Path) -> Iterator[Server]:
    """Start a durable server in `directory`, yield it and stop it afterwards."""
    data = directory / "postgresql"
    url = make_url(embedded_postgresql.start(data))
    server = Server(url, int((data / "postmaster.pid").read_text().split()[0]))
    try:
        with server.connect() as connection:
            for name, value in DURABLE.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE ROLE {LOGIN} LOGIN")
        yield server
    finally:
        embedded_postgresql.stop(data)

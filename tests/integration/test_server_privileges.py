"""`flask db upgrade` on a server that several installations share, and beside another `flask db upgrade`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from config.settings import ROOT, Settings
from tests.support import postgresql
from tests.support.applications import application

Execute = Callable[[str], None]


@pytest.fixture
def execute(run_directory: Path) -> Execute:
    """Run one statement as the superuser of the server."""
    url = postgresql.server(run_directory)

    def run(statement: str) -> None:
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

    return run


def as_login(url: str, login: str) -> str:
    return make_url(url).set(username=login).render_as_string(hide_password=False)


def can_connect(url: str, login: str) -> bool:
    engine = create_engine(as_login(url, login))
    try:
        with engine.connect() as connection:
            connection.execute(text("SET ROLE lumira_app"))
    except OperationalError as error:
        if "permission denied for database" in str(error):
            return False
        raise
    finally:
        engine.dispose()
    return True


def upgrade(settings: Settings, url: str, *, owner: str, login: str) -> Result:
    changed = replace(settings, database_url=as_login(url, login), database_owner_url=as_login(url, owner))
    with application(changed, then=settings) as app:
        return app.test_cli_runner().invoke(args=["db", "upgrade"])


def create_logins(execute: Execute, *logins: str) -> None:
    for login in logins:
        execute(
            f"DO $$ BEGIN CREATE ROLE {login} LOGIN; GRANT lumira_app TO {login}; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )


def test_the_login_of_one_installation_cannot_open_the_database_of_another(
    settings: Settings, run_directory: Path, execute: Execute
) -> None:
    # The template is migrated already, so that the upgrade has nothing to do but this.
    production = postgresql.create_database(run_directory, "lumira_production")
    create_logins(execute, "lumira_production", "lumira_staging", "lumira_monitor")
    assert can_connect(production, "lumira_staging")
    execute("GRANT CONNECT ON DATABASE lumira_production TO lumira_monitor")
    owner = make_url(production).username or ""

    assert upgrade(settings, production, owner=owner, login="lumira_production").exit_code == 0

    assert not can_connect(production, "lumira_staging")
    assert can_connect(production, "lumira_production")
    assert can_connect(production, "lumira_monitor")


def test_an_owner_of_the_tables_alone_is_shown_the_statements_for_the_databases_owner(
    settings: Settings, run_directory: Path, execute: Execute
) -> None:
    url = postgresql.create_database(run_directory, "lumira_shared")
    create_logins(execute, "lumira_migrator")
    grant = create_engine(url, isolation_level="AUTOCOMMIT")
    with grant.connect() as connection:
        connection.execute(text("GRANT ALL ON alembic_version TO lumira_migrator"))
    grant.dispose()

    result = upgrade(settings, url, owner="lumira_migrator", login="lumira_migrator")

    assert result.exit_code == 0, result.output
    assert "REVOKE CONNECT ON DATABASE lumira_shared FROM PUBLIC" in result.stderr
    assert "GRANT CONNECT ON DATABASE lumira_shared TO lumira_migrator" in result.stderr


def test_a_database_that_is_not_utf8_is_refused_in_one_line(
    settings: Settings, run_directory: Path, execute: Execute
) -> None:
    base = postgresql.server(run_directory)
    execute("DROP DATABASE IF EXISTS lumira_latin")
    execute("CREATE DATABASE lumira_latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
    url = make_url(base).set(database="lumira_latin").render_as_string(hide_password=False)
    owner = make_url(base).username or ""

    result = upgrade(settings, url, owner=owner, login=owner)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The database has the encoding LATIN1")
    assert result.stderr.count("\n") == 1


def test_two_upgrades_at_once_both_succeed_whatever_the_path_of_the_checkout(
    run_directory: Path, tmp_path: Path, settings: Settings
) -> None:
    url = postgresql.create_database(run_directory, "lumira_twice", template=None)
    checkout = tmp_path / '100% "$HOME" shop'
    for folder in ("lumira", "migrations", "config"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("wsgi.py", ".flaskenv"):
        shutil.copy(ROOT / file, checkout)
    environment = {
        "PATH": os.defpath,
        "LUMIRA_ENV": "production",
        "DATABASE_URL": url.replace("postgresql+psycopg", "postgresql"),
        "SECRET_KEY": settings.secret_key,
        "LUMIRA_ENCRYPTION_KEYS": settings.encryption_keys[0],
        "SMTP_URL": "files",
    }

    running = [
        subprocess.Popen(
            [sys.executable, "-m", "flask", "db", "upgrade"],
            cwd=checkout,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=300)[1] for process in running]

    assert [process.returncode for process in running] == [0, 0], errors
    assert "Traceback" not in "".join(errors)

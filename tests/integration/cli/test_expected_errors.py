"""An error that an operator can correct is one line, in every command."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, OperationalError

from config.settings import Settings
from lumira.cli.database import explain
from tests.support import postgresql
from tests.support.applications import application
from tests.support.factories import Brand

ROOT = Path(__file__).resolve().parents[3]


def failing(settings: Settings, database_url: str) -> str:
    """What `tenants list` says with this database."""
    with application(dataclasses.replace(settings, database_url=database_url), then=settings) as app:
        result = app.test_cli_runner().invoke(args=["tenants", "list"])
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_an_unavailable_database_is_reported(settings: Settings):
    message = failing(settings, "postgresql+psycopg://stranger:hunter2@127.0.0.1:1/none")

    assert "The database cannot be used: " in message
    assert "hunter2" not in message


def test_a_database_without_tables_asks_for_the_upgrade(settings: Settings, run_directory: Path):
    empty = postgresql.create_database(run_directory, "lumira_without_tables", template=None)

    assert "run `flask db upgrade`" in failing(settings, empty)


def changed_by(url: str, statement: str, settings: Settings) -> str:
    """What `tenants create` says after an operator has changed the database."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
    with application(dataclasses.replace(settings, database_url=url), then=settings) as app:
        result = app.test_cli_runner().invoke(
            args=["tenants", "create", "brand", "--name", "Brand", "--currency", "eur"]
        )
    assert result.exit_code == 1, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_read_only_database_is_reported_in_one_line(settings: Settings, run_directory: Path):
    url = postgresql.create_database(run_directory, "lumira_read_only")

    message = changed_by(
        url,
        "ALTER DATABASE lumira_read_only SET default_transaction_read_only = on",
        settings,
    )

    assert message.startswith("Error: The database is read-only (")
    assert "nothing was changed" in message


def test_a_missing_privilege_is_reported_in_one_line(settings: Settings, run_directory: Path):
    url = postgresql.create_database(run_directory, "lumira_without_privileges")

    message = changed_by(url, "REVOKE INSERT ON tenants FROM lumira_app", settings)

    assert message.startswith(
        "Error: The database user lacks a privilege (permission denied for table tenants)"
    )


def test_a_server_without_roles_asks_for_the_upgrade():
    # The words of PostgreSQL 18: roles belong to the whole server, and that of the tests has them.
    refusal = psycopg.OperationalError('connection failed: FATAL:  role "lumira_app" does not exist')

    output = explain(OperationalError(None, None, refusal))

    assert output == "The database is not prepared: run `flask db upgrade`."


def test_a_programming_error_keeps_its_traceback():
    broken = psycopg.errors.UniqueViolation("duplicate key value violates unique constraint")

    assert explain(IntegrityError(None, None, broken)) is None


def test_a_user_without_the_application_role_is_reported_with_the_missing_grant(
    settings: Settings, database_url: str
):
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS lumira_stranger"))
        connection.execute(text("CREATE ROLE lumira_stranger LOGIN"))
    engine.dispose()
    url = make_url(database_url).set(username="lumira_stranger").render_as_string(hide_password=False)

    assert "GRANT lumira_app TO" in failing(settings, url)


@pytest.mark.parametrize("missing", ["DATABASE_URL", "SECRET_KEY", "LUMIRA_ENCRYPTION_KEYS"])
def test_a_missing_setting_is_one_line_that_names_it(missing: str):
    given = {"DATABASE_URL": "postgresql://x/x", "SECRET_KEY": "x", "LUMIRA_ENCRYPTION_KEYS": "x"}
    del given[missing]

    result = subprocess.run(
        [sys.executable, "-m", "flask", "tenants", "list"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "FLASK_APP": "wsgi", "LUMIRA_ENV": "production", **given},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 1
    assert missing in result.stderr
    assert "Traceback" not in result.stderr


def test_migrating_with_the_login_of_requests_names_the_owners_setting(
    settings: Settings, run_directory: Path
):
    empty = postgresql.create_database(run_directory, "lumira_not_owned", template=None)
    engine = create_engine(empty, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS lumira_plain"))
        connection.execute(text("CREATE ROLE lumira_plain LOGIN"))
    engine.dispose()
    url = make_url(empty).set(username="lumira_plain").render_as_string(hide_password=False)
    plain = dataclasses.replace(settings, database_url=url, database_owner_url=url)
    with application(plain, then=settings) as app:
        result = app.test_cli_runner().invoke(args=["db", "upgrade"])

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "DATABASE_OWNER_URL" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("Error: ")


def test_a_worker_with_wrong_encryption_keys_does_not_start(settings: Settings, tenant: Brand):
    others = dataclasses.replace(settings, encryption_keys=(Fernet.generate_key().decode(),))
    with application(others, then=settings) as app:
        result = app.test_cli_runner().invoke(args=["worker"])

    assert result.exit_code == 1
    assert result.stderr.startswith(
        "Error: LUMIRA_ENCRYPTION_KEYS does not decrypt the Stripe credentials of "
    )
    assert tenant.slug in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_invalid_setting_stops_the_web_server_with_one_line(tmp_path: Path):
    given = {"DATABASE_URL": "postgresql://x/x", "SECRET_KEY": "x", "LUMIRA_ENCRYPTION_KEYS": "x"}

    result = subprocess.run(
        [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "wsgi:app"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "BIND": f"unix:{tmp_path}/web", "WEB_CONCURRENCY": "1", **given},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode != 0
    assert result.stderr.count("lumira: SECRET_KEY must be") == 1


def test_an_unknown_command_is_a_usage_error(app: Flask):
    assert app.test_cli_runner().invoke(args=["tenants", "destroy"]).exit_code == 2
    assert app.test_cli_runner().invoke(args=["no-such-group"]).exit_code == 2

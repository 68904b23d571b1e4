"""The command line, as an operator types it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from config.settings import Settings
from lumira import create_app
from lumira.database import db
from tests.support import postgresql

#: Run one command; it must end with `code`, and say what is wrong on stderr alone and in one line.
RunFlask = Callable[..., Result]


@pytest.fixture(scope="module")
def settings(settings: Settings, run_directory: Path) -> Iterator[Settings]:
    """The settings of an installation with a database of its own.

    Many commands work on all tenants. In the database of the other tests these are hundreds.
    """
    name = f"lumira_commands_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = postgresql.create_database(run_directory, name)
    yield replace(settings, database_url=url, database_owner_url=url)
    # Restore the settings of the other tests in this process.
    create_app(settings)


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    application = create_app(settings)
    application.testing = True
    yield application
    with application.app_context():
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture
def run_flask(app: Flask) -> RunFlask:
    def run(*arguments: object, stdin: str | None = None, code: int = 0) -> Result:
        result = app.test_cli_runner().invoke(args=[str(argument) for argument in arguments], input=stdin)
        assert result.exit_code == code, result.output
        if code == 1:
            assert result.stderr.startswith("Error: ")
            assert result.stderr.count("\n") == 1
            assert isinstance(result.exception, SystemExit)
        return result

    return run

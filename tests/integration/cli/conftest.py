"""The command line, as an operator types it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from lumira.database import atomic, db
from tests.support import own_database
from tests.support.doctor import codes
from tests.support.factories import Brand

# Many commands work on all tenants.
settings, app = own_database.settings, own_database.app

#: Run one command; it must end with `code`, and say what is wrong on stderr alone and in one line.
RunFlask = Callable[..., Result]


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


@pytest.fixture
def configure(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Change settings of the running installation, whose public address nothing can reach."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    before = app.extensions["lumira"]

    def change(**settings: Any) -> None:
        app.extensions["lumira"] = replace(before, **settings)

    yield change
    app.extensions["lumira"] = before


@pytest.fixture
def worker(app: Flask) -> Any:
    """A worker that has just reported."""
    with app.app_context(), atomic(None):
        db.session.execute(db.text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
    yield
    with app.app_context(), atomic(None):
        db.session.execute(db.text("DELETE FROM procrastinate_workers"))


#: Returns the codes of the findings of `flask doctor --json` about a tenant, by line.
Doctor = Callable[..., dict[str, list[str]]]


@pytest.fixture
def doctor(app: Flask, tenant: Brand) -> Doctor:
    """Run the doctor, for `tenant` unless another one is given."""
    return lambda brand=tenant: codes(app, brand)

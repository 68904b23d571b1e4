"""No process imports what it does not need: each takes seconds of a start, and memory for as long as it runs."""

import json
import os
import subprocess
import sys

import click
import pytest
from flask import Flask

from config.settings import ROOT
from lumira import cli
from tests.integration.cli.test_command_line import PRODUCTION

#: What only some processes or requests need, and is large.
MIGRATIONS = {"alembic", "flask_migrate", "mako"}
RARE = {"boto3", "botocore", "dns", "moto", "typst", "schemathesis", "playwright"}
QUEUE = {"procrastinate", "lumira.tasks", "psycopg_pool"}
#: `flask` itself imports the limiter, for its commands.
HTTP = {"flask_smorest", "apispec", "webargs", "lumira.blueprints", "lumira.extensions", "gunicorn"}
#: The SDK loads what describes a resource with the first call that uses it.
STRIPE_RESOURCES = {"stripe.params", "stripe._payment_intent_service", "stripe.checkout"}
EVERYTHING = {
    "sqlalchemy",
    "psycopg",
    "stripe",
    "requests",
    "cryptography",
    "config.settings",
    "lumira.models",
}


def imported(program: str, *arguments: str) -> set[str]:
    """The modules that a Python process has imported when it has run the program."""
    after = "; import json, sys; sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", program + after, *arguments],
        cwd=ROOT,
        env={**os.environ, **PRODUCTION},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return set(json.loads(ended.stderr.splitlines()[-1]))


def as_flask(*words: str) -> str:
    """The program of `flask` with these words, which ends as if it was imported."""
    return (
        "import contextlib, sys; from flask.cli import main\n"
        f"sys.argv = ['flask', *{list(words)!r}]\n"
        "with contextlib.suppress(SystemExit): main()\n"
        "pass"
    )


def test_the_web_server_imports_no_migrations_and_no_queue() -> None:
    modules = imported("import wsgi")
    assert "lumira.blueprints" in modules
    assert modules & (MIGRATIONS | RARE | QUEUE | STRIPE_RESOURCES) == set()


def test_the_list_of_commands_imports_nothing_of_the_application() -> None:
    modules = imported(as_flask("--help"))
    assert "lumira.cli" in modules
    assert modules & (EVERYTHING | MIGRATIONS | RARE | QUEUE | HTTP) == set()


@pytest.mark.parametrize("words", [("keys", "--help"), ("worker", "--help"), ("orders", "show", "--help")])
def test_commands_and_workers_import_no_routes(words: tuple[str, ...]) -> None:
    modules = imported(as_flask(*words))
    assert f"lumira.cli.{words[0]}" in modules
    assert modules & (MIGRATIONS | RARE | STRIPE_RESOURCES | HTTP) == set()


def test_the_process_that_renders_an_image_imports_no_database() -> None:
    modules = imported("import lumira.documents.image_renderer")
    assert modules & (EVERYTHING | {"flask", "structlog"}) == set()


def test_the_list_of_commands_says_what_each_command_says(app: Flask) -> None:
    listed = cli.list_only().cli.commands
    with click.Context(app.cli) as context:
        for name in app.cli.list_commands(context):
            command = app.cli.get_command(context, name)
            assert command is not None
            assert listed.pop(name).get_short_help_str(1000) == command.get_short_help_str(1000)
    assert listed == {}


def test_what_a_start_creates_is_not_collected_again() -> None:
    counts = subprocess.run(
        [sys.executable, "-c", "import gc, wsgi; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"],
        cwd=ROOT,
        env={**os.environ, **PRODUCTION},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    ).stdout
    assert counts.split() == ["True", "True"]

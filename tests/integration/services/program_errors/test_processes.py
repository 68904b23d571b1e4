"""A process writes its errors by itself, also those of its last second and those after a fork."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import make_url

from config.settings import ROOT, Settings
from lumira.models import INSTALLATION
from tests.integration.cli.test_command_line import PRODUCTION
from tests.support import own_database
from tests.support.program_errors import remove, stored

settings, app = own_database.settings, own_database.app

pytestmark = pytest.mark.usefixtures("app_context", "no_errors")

#: A process that loads the application as Gunicorn and `flask` do, and logs an error that it caught.
_BEGIN = """
import os, sys, structlog
import wsgi

def fail():
    try:
        {}["missing"]
    except KeyError:
        structlog.get_logger().exception("tenant_failed", tenant_id=None)
"""


@pytest.fixture
def no_errors() -> Iterator[None]:
    yield
    remove(INSTALLATION)


def run(settings: Settings, program: str) -> subprocess.CompletedProcess[str]:
    url = make_url(settings.database_url).render_as_string(hide_password=False)
    return subprocess.run(
        [sys.executable, "-c", _BEGIN + program],
        cwd=ROOT,
        env={**os.environ, **PRODUCTION, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_process_that_ends_at_once_has_written_its_error(settings: Settings) -> None:
    ended = run(settings, "with wsgi.app.app_context():\n    fail()\n    fail()\n")
    assert ended.returncode == 0, ended.stderr
    [error] = stored()
    assert (error.error_type, error.place, error.occurrences) == ("KeyError", "tenant_failed", 2)


def test_a_forked_process_writes_its_own_errors(settings: Settings) -> None:
    program = """
with wsgi.app.app_context():
    fail()
    from lumira.services.program_errors import note_errors
    note_errors.write_pending()
    child = os.fork()
    if child == 0:
        from lumira.database import db
        for engine in db.engines.values():
            engine.dispose(close=False)
        fail()
        sys.exit(0)
    sys.exit(os.waitpid(child, 0)[1])
"""
    ended = run(settings, program)
    assert ended.returncode == 0, ended.stderr
    assert [error.occurrences for error in stored()] == [2]


def test_a_database_that_is_gone_does_not_keep_a_process_from_ending() -> None:
    gone = Settings.for_help()
    ended = run(gone, "with wsgi.app.app_context():\n    fail()\n")
    assert ended.returncode == 0, ended.stderr
    assert "tenant_failed" in ended.stderr

"""A command that an operator interrupts ends at once, with one line."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from config.settings import Settings
from tests.benchmarks.processes import wait_until
from tests.support.factories import Brand

ROOT = Path(__file__).resolve().parents[3]

#: `python -m flask` that can be interrupted: a program that was started in the background ignores SIGINT, and so do its
#: children.
_FLASK = (
    "import signal; from flask.cli import main; "
    "signal.signal(signal.SIGINT, signal.default_int_handler); main()"
)


@contextmanager
def locked(database_url: str, table: str) -> Iterator[None]:
    """Let every query of the table wait, as one that takes long does."""
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield
    engine.dispose()


def wait_for_a_waiting_query(database_url: str) -> None:
    query = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        wait_until(lambda: connection.execute(text(query)).scalar_one(), within=60, what="a query that waits")
    engine.dispose()


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("receipts", ("receipts", "verify")),
        ("receipt_counters", ("receipts", "list")),
        ("stock_items", ("stock", "verify")),
        ("webhook_events", ("events", "list")),
        ("customers", ("customers", "list")),
    ],
)
def test_an_interrupted_command_ends_with_one_line(
    settings: Settings, tenant: Brand, table: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    environment = os.environ | {
        "LUMIRA_ENV": "production",
        "SMTP_URL": "files",
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": settings.secret_key,
        "LUMIRA_ENCRYPTION_KEYS": settings.encryption_keys[0],
        "LUMIRA_INSTANCE": str(tmp_path),
    }
    arguments = [*words, tenant.slug] if words[-1] == "list" and words[0] == "receipts" else [*words]
    with locked(settings.database_url, table):
        command = subprocess.Popen(
            [sys.executable, "-c", _FLASK, "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for_a_waiting_query(settings.database_url)
        command.send_signal(signal.SIGINT)
        # Less than a statement waits for a lock.
        output, errors = command.communicate(timeout=30)

    assert (command.returncode, output) == (1, "")
    assert errors.strip().splitlines() == ["Aborted!"]

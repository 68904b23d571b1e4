"""What buyers, shops and strangers enter is found only where it belongs.

Unique markers are planted through every door of running processes: all routes of the API with every header, all pages
and forms, webhooks, the command line. Then everything that the processes wrote is searched for them.
"""

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import create_engine, text

from config.settings import Settings
from lumira import event_payloads
from tests.benchmarks.processes import process, wait_until, web_server
from tests.support import factories, mail_server
from tests.support.http_browser import HOST
from tests.support.own_database import app, settings  # noqa: F401 - the fixtures of this module
from tests.support.page_planting import plant_through_pages
from tests.support.planted_markers import Kind, Markers
from tests.support.planting import Planting
from tests.support.web_process import environment

METRICS = "metrics-token-of-the-tests"
NEVER_STORED = (Kind.CARD, Kind.SECRET)


@dataclass
class Written:
    """Everything that the processes have written."""

    markers: Markers
    web_log: str
    worker_log: str
    command_logs: str
    database_log: str
    metrics: str
    mailbox: mail_server.Mailbox
    rows: dict[str, str]
    files: dict[str, str]
    statuses: list[tuple[str, int]]


@pytest.fixture(scope="module")
def written(
    app: Flask,  # noqa: F811 - the fixture
    settings: Settings,  # noqa: F811 - the fixture
    sandbox: Any,
    run_directory: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Written:
    folder = tmp_path_factory.mktemp("planted")
    mailbox, markers = mail_server.Mailbox(), Markers()
    with app.app_context():
        brand = factories.make_brand(sandbox_url=sandbox.url)
    with mail_server.running(mailbox) as port:
        variables = environment(settings) | {
            "SMTP_URL": f"smtp://127.0.0.1:{port}?starttls=never",
            "MAIL_FROM": "Lumira <no-reply@lumira.example>",
            "PUBLIC_URL": f"https://{HOST}",
            "METRICS_TOKEN": METRICS,
            "TRUSTED_PROXIES": "1",
            "PYTHONFAULTHANDLER": "1",
        }
        web_log, worker_log = folder / "web.log", folder / "worker.log"
        with web_server("wsgi:app", variables, web_log) as (address, web_pid):
            planting = Planting(app, brand, markers, f"http://{address}", folder)
            with app.app_context():
                planting.sell()
            with process(["flask", "worker"], variables, worker_log):
                with app.app_context():
                    # A mail server repeats the address that it refuses.
                    mailbox.to_recipient.append(
                        f"550 5.1.1 <{planting.buyer}>: {markers.name('a bounce')} unknown"
                    )
                    planting.through_webhooks()
                    wait_until(lambda: mailbox.received, within=60, what="the first message")
                    planting.through_the_api()
                    planting.through_the_command_line()
                    planting.where_the_database_fails(settings.database_url)
                    # Last: the robot also revokes the keys.
                    plant_through_pages(planting)
                metrics = requests.get(
                    f"http://{address}/metrics", headers={"Authorization": f"Bearer {METRICS}"}, timeout=20
                )
            os.kill(_worker_of(web_pid), signal.SIGSEGV)
            wait_until(lambda: "Fatal Python error" in web_log.read_text(), within=60, what="the crash dump")
    return Written(
        markers,
        web_log.read_text(),
        worker_log.read_text(),
        "\n".join(planting.command_logs),
        (run_directory / "postgresql" / "log").read_text(errors="replace"),
        metrics.text,
        mailbox,
        _rows(settings.database_url),
        {
            str(path): path.read_bytes().decode("latin-1")
            for path in settings.instance_path.rglob("*")
            if path.is_file()
        },
        planting.statuses,
    )


def _worker_of(master: int) -> int:
    return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])


def _rows(url: str) -> dict[str, str]:
    """Return each table as text: with all columns, and the bytes of jobs and of Alembic's table too."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        rows = {
            name: "\n".join(connection.execute(text(f'SELECT t::text FROM "{name}" t')).scalars())  # noqa: S608
            for name in list(names)
        }
        # The text of these rows does not show what their payloads contain.
        payloads = connection.execute(
            text("SELECT compressed_payload FROM webhook_events WHERE compressed_payload IS NOT NULL")
        ).scalars()
        rows["webhook_events"] += "\n".join(map(event_payloads.text_of, payloads))
    engine.dispose()
    return rows


def test_the_markers_reach_what_they_are_meant_for(written: Written) -> None:
    replies = {status for _, status in written.statuses}
    assert {200, 303, 400, 401, 404, 503} <= replies
    stored = "".join(written.rows.values())
    assert written.markers.found_in(stored, Kind.NAME) >= {"name of a sale", "name of the metadata of a sale"}
    assert "Fatal Python error" in written.web_log
    assert "email_invalid" in written.web_log
    assert {
        what: status for what, status in written.statuses if isinstance(status, int) and status in (0, 1, 2)
    } == {
        "tenants stripe": 0,
        "access give": 0,
        "withdrawals record": 0,
        "catalog apply": 1,
        "orders show": 1,
    }


@pytest.mark.parametrize("where", ["web_log", "worker_log", "command_logs", "database_log", "metrics"])
def test_nothing_that_was_entered_is_logged(written: Written, where: str) -> None:
    assert written.markers.found_in(getattr(written, where), *Kind) == set()


def test_no_card_number_is_stored(written: Written) -> None:
    found = {name: written.markers.found_in(rows, Kind.CARD) for name, rows in written.rows.items()}
    assert {name: doors for name, doors in found.items() if doors} == {}


def test_no_secret_is_stored_readably(written: Written) -> None:
    found = {name: written.markers.found_in(rows, Kind.SECRET) for name, rows in written.rows.items()}
    assert {name: doors for name, doors in found.items() if doors} == {}


@pytest.mark.parametrize(
    "table", ["alerts", "audit_entries", "audit_links", "program_errors", "procrastinate_jobs"]
)
def test_what_is_kept_for_long_names_no_buyer(written: Written, table: str) -> None:
    found = written.markers.found_in(written.rows[table], Kind.NAME, Kind.EMAIL)
    # The audit log has the shop's own names before and after a change.
    assert {door for door in found if "/catalog/" not in door and "/settings/" not in door} == set()


def test_files_contain_no_card_number_and_no_secret(written: Written) -> None:
    found = {
        path: written.markers.found_in(path + content, *NEVER_STORED)
        for path, content in written.files.items()
    }
    assert {path: doors for path, doors in found.items() if doors} == {}


def test_emails_name_the_buyer_only_to_the_buyer(written: Written) -> None:
    assert written.mailbox.received
    for message in written.mailbox.received:
        headers = "\n".join(f"{name}: {value}" for name, value in message.items() if name not in ("To",))
        assert written.markers.found_in(headers, *Kind) == set()
        assert written.markers.found_in(message.as_string(), *NEVER_STORED) == set()

"""A web process notices that no worker runs, notifies the teams, and a worker that runs again ends it."""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text

from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, TeamWebhookFormat
from lumira.notifications import send_alerts, worker_watch
from lumira.reconciliation import reconcile
from lumira.repositories.alerts import alerts
from lumira.repositories.tenants import tenants
from lumira.services.tenants.change_team_webhook import set_team_webhook
from tests.support import own_database, private_addresses
from tests.support.factories import Brand
from tests.support.http_server import Handler, serving
from tests.support.mail_server import Mailbox

# What a look finds concerns all tenants: those of other tests are not in this database.
settings, app = own_database.settings, own_database.app

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def shop(make_brand: Callable[..., Brand], mailbox: Mailbox) -> Iterator[Brand]:
    """A shop of an installation in which no worker runs."""
    stop_worker()
    yield make_brand(alert_email=f"{secrets.token_hex(4)}@team.example")
    stop_worker()


def start_worker(*, silent_for: str = "0 seconds") -> None:
    with atomic(None):
        query = (
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - CAST(:silence AS interval))"
        )
        db.session.execute(text(query), {"silence": silent_for})


def stop_worker() -> None:
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_workers"))


def look(minutes: float = 0) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
        worker_watch.look()


def open_alerts(brand: Brand) -> list[AlertKind]:
    with atomic(brand.id):
        query = select(Alert.kind).where(Alert.resolved_at.is_(None))
        return list(db.session.execute(query).scalars())


def subjects(mailbox: Mailbox, brand: Brand) -> list[str]:
    with atomic(brand.id):
        team = tenants.get(brand.id).alert_email
    return [mail["Subject"] for mail in mailbox.received if mail["To"] == team]


def test_a_dead_worker_is_reported_by_the_web_process_alone(shop, mailbox) -> None:
    start_worker(silent_for="2 minutes")
    look()
    assert open_alerts(shop) == ["worker_silent"]
    assert subjects(mailbox, shop) == []

    look(3)
    look(4)
    assert subjects(mailbox, shop)[-1:] == ["Alerte : aucun traitement de fond ne tourne (worker)"]
    assert len(subjects(mailbox, shop)) == 1


def test_a_worker_that_was_never_started_is_reported_too(shop, mailbox) -> None:
    look()
    look(3)
    assert open_alerts(shop) == ["worker_silent"]
    assert len(subjects(mailbox, shop)) == 1


def test_a_release_that_restarts_the_worker_notifies_no_one(shop, mailbox) -> None:
    look()
    start_worker()
    reconcile.recover_events(shop.id)
    look(0.2)
    assert open_alerts(shop) == []
    assert subjects(mailbox, shop) == []


def test_a_worker_that_runs_again_ends_the_alert_and_sends_one_recovery(shop, mailbox) -> None:
    look()
    look(3)
    start_worker(silent_for="-20 minutes")
    for minutes in (5, 16, 17):
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes)):
            reconcile.recover_events(shop.id)
            send_alerts.send_alerts(shop.id)
        assert open_alerts(shop) == (["worker_silent"] if minutes < 13 else [])
    assert [subject.partition(" :")[0] for subject in subjects(mailbox, shop)] == ["Alerte", "Résolu"]


def test_a_running_worker_is_left_in_peace(shop, mailbox) -> None:
    start_worker()
    look()
    assert open_alerts(shop) == []


def test_the_web_process_leaves_all_other_alerts_to_the_worker(shop, mailbox) -> None:
    with atomic(shop.id):
        alerts.raise_alert(shop.id, kind=AlertKind.EVENT_FAILED, subject="evt_1")
    look()
    look(3)
    assert [subject for subject in subjects(mailbox, shop) if "worker" not in subject] == []


def test_the_emails_of_all_shops_go_before_the_first_webhook(shop, make_brand, mailbox) -> None:
    other = make_brand(alert_email=f"{secrets.token_hex(4)}@team.example")
    sent_before: list[int] = []

    def respond(request: Handler) -> None:
        sent_before.append(len(mailbox.received))
        request.reply(200)

    with serving(respond) as address, private_addresses.allowed():
        for brand in (shop, other):
            set_team_webhook(brand.id, f"http://{address}/x", TeamWebhookFormat.JSON, actor="operator:x")
        look()
        look(3)
    assert sent_before == [len(mailbox.received)] * 2
    assert [len(subjects(mailbox, brand)) for brand in (shop, other)] == [1, 1]


def test_several_web_processes_note_it_once_a_minute(shop, statements) -> None:
    look()
    assert "main: UPDATE alerts" not in "\n".join(statements.made_by(look))


def test_the_thread_of_a_web_process_looks_by_itself(app: Flask, shop, mailbox) -> None:
    watch = worker_watch.WorkerWatch(app.app_context, every=0.05)
    watch.start()
    try:
        end = time.monotonic() + 60
        while not open_alerts(shop):
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        watch.stop()

"""Metrics: what a monitoring system reads."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Alert, AlertKind
from lumira.repositories.alerts import alerts
from lumira.repositories.installation import due_work
from tests.support import counted
from tests.support.counted import SENT, TOKEN
from tests.support.factories import Brand


def samples(client: FlaskClient) -> dict[str, float]:
    """Read the metrics; a sample's label value follows its name."""
    reply = client.get("/metrics", headers=SENT)
    assert reply.status_code == 200
    return counted.samples(reply.text)


@pytest.fixture
def monitored(client_with: Callable[..., FlaskClient]) -> FlaskClient:
    return client_with(metrics_token=TOKEN)


def test_metrics_do_not_exist_without_a_token_in_the_settings(client: FlaskClient) -> None:
    assert client.get("/metrics", headers=SENT).status_code == 404


@pytest.mark.parametrize("sent", [None, "Bearer wrong", "Bearer é", f"Basic {TOKEN}", TOKEN])
def test_metrics_are_refused_without_the_token(monitored: FlaskClient, sent: str | None) -> None:
    reply = monitored.get("/metrics", headers={"Authorization": sent} if sent else {})
    assert (reply.status_code, reply.json["code"]) == (401, "UNAUTHORIZED")


@pytest.fixture
def no_worker(app: Flask) -> Iterator[None]:
    def remove_all() -> None:
        with atomic(None):
            db.session.execute(text("DELETE FROM procrastinate_workers"))

    remove_all()
    yield
    remove_all()


@pytest.mark.usefixtures("no_worker")
def test_an_installation_without_a_worker_shows_none(monitored: FlaskClient) -> None:
    found = samples(monitored)
    assert found["lumira_workers"] == 0
    assert "lumira_worker_heartbeat_age_seconds" not in found


@pytest.mark.usefixtures("no_worker")
def test_a_worker_that_stopped_reporting_shows_for_how_long(monitored: FlaskClient) -> None:
    with atomic(None):
        db.session.execute(
            text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '10 minutes')")
        )

    found = samples(monitored)

    assert found["lumira_workers"] == 0
    assert found["lumira_worker_heartbeat_age_seconds"] == pytest.approx(600, abs=60)


def test_work_is_late_when_it_has_been_due_for_five_minutes(monitored: FlaskClient, tenant: Brand) -> None:
    name, found = "lumira_tenants_with_late_work:alerts", []
    # The clock stands still: the work of other tests' tenants must not become late meanwhile.
    with time_machine.travel(utc_now(), tick=False):
        before = samples(monitored)
        with atomic(tenant.id):
            alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="stripe")
        for minutes in (4, 6):
            due_at = utc_now() - timedelta(minutes=minutes)
            with atomic(tenant.id):
                db.session.execute(update(Alert).values(next_notification_at=due_at))
            found.append(samples(monitored)[name] - before[name])

    assert found == [0, 1]


def test_metrics_name_no_tenant_and_have_a_sample_for_each_kind_of_work(
    monitored: FlaskClient, tenant: Brand
) -> None:
    reply = monitored.get("/metrics", headers=SENT)
    assert tenant.slug not in reply.text
    late = [name for name in samples(monitored) if name.startswith("lumira_tenants_with_late_work:")]
    assert set(late) == {f"lumira_tenants_with_late_work:{work}" for work in due_work.KINDS}

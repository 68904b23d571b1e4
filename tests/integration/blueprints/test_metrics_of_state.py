"""Metrics of the state of the database: each number rises with what is broken, and falls when it is mended."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text

from config.settings import ROOT
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import (
    Alert,
    AlertKind,
    CrmTaskKind,
    Customer,
    MessageStatus,
    Order,
    OrderStatus,
    OutboxMessage,
    StockReservation,
    WebhookEvent,
)
from lumira.models.stock import ReservationState
from lumira.repositories.alerts import alerts
from lumira.repositories.crm import crm_tasks
from lumira.services.installation import read_metrics
from lumira.webhooks import process
from tests.support import counted, own_database, stripe_events
from tests.support.counted import SENT, TOKEN, change
from tests.support.factories import Brand, open_payment

pytestmark = pytest.mark.usefixtures("app_context")

# The numbers are of all tenants.
settings, app = own_database.settings, own_database.app


@pytest.fixture
def monitored(client_with: Callable[..., FlaskClient]) -> FlaskClient:
    return client_with(metrics_token=TOKEN)


def read(client: FlaskClient) -> dict[str, float]:
    reply = client.get("/metrics", headers=SENT)
    assert reply.status_code == 200
    return counted.samples(reply.text)


@contextmanager
def rises(client: FlaskClient, *names: str) -> Iterator[None]:
    """The block breaks something, and each of these numbers is one more after it."""
    before = read(client)
    yield
    after = read(client)
    assert {name: after.get(name, 0) - before.get(name, 0) for name in names} == dict.fromkeys(names, 1)


@contextmanager
def falls(client: FlaskClient, *names: str) -> Iterator[None]:
    """The block mends it, and each is one less."""
    before = read(client)
    yield
    after = read(client)
    assert {name: after.get(name, 0) - before[name] for name in names} == dict.fromkeys(names, -1)


def test_an_event_that_no_worker_processes_grows_old_until_one_does(
    monitored: FlaskClient, tenant: Brand
) -> None:
    age = "lumira_oldest_unprocessed_event_age_seconds"
    assert age not in read(monitored)
    with rises(monitored, "lumira_events_unprocessed:received", "lumira_jobs_waiting"):
        stripe_events.receive(tenant, stripe_events.event("invoice.paid", {"id": "in_1"}))
    change(tenant, WebhookEvent, received_at=utc_now() - timedelta(minutes=10))
    assert read(monitored)[age] == pytest.approx(600, abs=60)

    with falls(monitored, "lumira_events_unprocessed:received"):
        process.process_events(tenant.id)

    assert age not in read(monitored)


@pytest.mark.parametrize("state", ["parked", "failed"])
def test_an_event_that_waits_for_its_order_or_was_given_up_is_shown(
    monitored: FlaskClient, tenant: Brand, state: str
) -> None:
    name = f"lumira_events_unprocessed:{state}"
    with rises(monitored, name):
        stripe_events.receive(tenant, stripe_events.event("invoice.paid", {"id": "in_1"}))
        change(tenant, WebhookEvent, status=state)
    with falls(monitored, name):
        change(tenant, WebhookEvent, status="processed")


@pytest.mark.parametrize("state", [MessageStatus.PENDING, MessageStatus.DEAD])
def test_a_message_that_is_not_sent_is_shown(
    monitored: FlaskClient, tenant: Brand, state: MessageStatus
) -> None:
    opened = open_payment(tenant)
    name = f"lumira_messages_unsent:{state}"
    with rises(monitored, name), atomic(tenant.id):
        [order_id] = db.session.execute(
            text("SELECT id FROM orders WHERE order_number = :number"), {"number": opened.order_number}
        ).scalars()
        db.session.add(
            OutboxMessage(
                tenant_id=tenant.id, order_id=order_id, kind="order_confirmation", subject="", status=state
            )
        )
    with falls(monitored, name):
        change(tenant, OutboxMessage, status=MessageStatus.SENT)


def test_a_reservation_that_ended_and_is_not_released_is_overdue(
    monitored: FlaskClient, tenant: Brand
) -> None:
    with rises(monitored, "lumira_reservations"):
        open_payment(tenant, "shirt")
    with rises(monitored, "lumira_reservations_overdue"):
        change(tenant, StockReservation, expires_at=utc_now() - timedelta(minutes=4))
    with falls(monitored, "lumira_reservations_overdue"):
        # The bank decides about a debit for days, and its units stay reserved.
        change(tenant, Order, status=OrderStatus.PROCESSING)
    with falls(monitored, "lumira_reservations"):
        change(tenant, StockReservation, state=ReservationState.RELEASED)


def test_an_order_that_is_to_be_polled_is_shown_with_its_age(monitored: FlaskClient, tenant: Brand) -> None:
    age = "lumira_oldest_due_poll_age_seconds"
    open_payment(tenant)
    change(tenant, Order, next_poll_at=utc_now() + timedelta(hours=1))
    assert age not in read(monitored)
    with rises(monitored, "lumira_polls_due"):
        change(tenant, Order, next_poll_at=utc_now() - timedelta(minutes=20))
    assert read(monitored)[age] == pytest.approx(1200, abs=60)
    with falls(monitored, "lumira_polls_due"):
        change(tenant, Order, next_poll_at=None)


def test_a_job_that_no_worker_takes_grows_old(monitored: FlaskClient) -> None:
    with atomic(None):
        db.session.execute(text("DELETE FROM procrastinate_jobs"))
    assert "lumira_oldest_job_age_seconds" not in read(monitored)
    with rises(monitored, "lumira_jobs_waiting"), atomic(None):
        db.session.execute(
            text("INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('lumira', 'sweep')")
        )
        db.session.execute(text("UPDATE procrastinate_events SET at = now() - interval '5 minutes'"))
    assert read(monitored)["lumira_oldest_job_age_seconds"] == pytest.approx(300, abs=60)


def test_an_alert_is_shown_until_it_is_resolved(monitored: FlaskClient, tenant: Brand) -> None:
    name = "lumira_alerts_open:stripe_unavailable"
    with rises(monitored, name), atomic(tenant.id):
        alerts.raise_alert(tenant.id, kind=AlertKind.STRIPE_UNAVAILABLE, subject="stripe")
    with falls(monitored, name):
        change(tenant, Alert, resolved_at=utc_now())


def test_orders_are_counted_by_status_once_a_minute(
    monitored: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read(monitored).get("lumira_orders:pending", 0)
    open_payment(tenant)
    assert read(monitored).get("lumira_orders:pending", 0) == before
    monkeypatch.setattr(read_metrics, "_ORDERS_COUNTED_FOR", 0)
    assert read(monitored)["lumira_orders:pending"] == before + 1


def test_without_a_database_the_processes_numbers_are_still_shown(
    client_with: Callable[..., FlaskClient],
) -> None:
    client = client_with(metrics_token=TOKEN, database_url="postgresql+psycopg://localhost:1/nothing")
    assert read(client) == {"lumira_database_readable": 0}


def test_the_documentation_describes_every_metric_of_the_state(monitored: FlaskClient, tenant: Brand) -> None:
    # Everything that is absent otherwise.
    stripe_events.receive(tenant, stripe_events.event("invoice.paid", {"id": "in_1"}))
    open_payment(tenant)
    change(tenant, Order, next_poll_at=utc_now() - timedelta(minutes=20))
    with atomic(None):
        db.session.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
    with atomic(tenant.id):
        customer_id = db.session.scalars(select(Customer.id).where(Customer.tenant_id == tenant.id)).one()
        crm_tasks.enqueue(tenant.id, [(CrmTaskKind.CUSTOMER, str(customer_id), customer_id, None)])

    _, _, section = (ROOT / "docs" / "metrics.md").read_text().partition("## The state of the installation")
    described = {
        name
        for row in section.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(lumira_\w+)`", row)
    }
    shown = re.findall(r"^# TYPE (\w+) gauge$", monitored.get("/metrics", headers=SENT).text, re.MULTILINE)
    assert described == set(shown)

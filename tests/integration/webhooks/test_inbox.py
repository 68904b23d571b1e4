"""An event is stored although the database server hung up on the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from lumira.database import atomic, db, inbox_connection
from lumira.models import WebhookEvent
from lumira.webhooks import inbox
from tests.support import stripe_events
from tests.support.factories import Brand, count

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def hang_up(settings: Settings) -> Iterator[Any]:
    """End connections of the application, as a restart of the server does: one by its id, or all."""
    engine = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")

    def end(pid: int | None = None) -> None:
        with engine.connect() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                    "AND backend_type = 'client backend' AND pid = coalesce(:pid, pid)"
                ),
                {"pid": pid},
            )

    yield end
    engine.dispose()


def receive(brand: Brand) -> None:
    stripe_events.receive(brand, stripe_events.event("invoice.paid", {"id": "in_1"}))


def test_events_are_stored_after_a_restart_of_the_database(tenant: Brand, hang_up: Any) -> None:
    with inbox_connection(), inbox_connection(), inbox_connection():
        pass
    receive(tenant)
    hang_up()
    for _ in range(3):
        receive(tenant)
    assert count(tenant, WebhookEvent) == 4


def hung_up_after(times: list[int], hang_up: Any) -> Any:
    """Connections that the server ends while an event is on its way, so many of the first ones."""

    @contextmanager
    def connection() -> Iterator[psycopg.Connection[Any]]:
        with inbox_connection() as connected:
            if times[0] > 0:
                times[0] -= 1
                hang_up(connected.info.backend_pid)
            yield connected

    return connection


def test_event_on_its_way_when_the_database_hangs_up_is_sent_again(
    tenant: Brand, hang_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "inbox_connection", hung_up_after([1], hang_up))
    receive(tenant)
    assert count(tenant, WebhookEvent) == 1


def test_database_that_hangs_up_again_is_lost(
    tenant: Brand, hang_up: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "inbox_connection", hung_up_after([2], hang_up))
    with pytest.raises(OperationalError):
        receive(tenant)
    assert count(tenant, WebhookEvent) == 0


def test_other_errors_of_the_database_are_not_tried_again(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    @contextmanager
    def slow() -> Iterator[psycopg.Connection[Any]]:
        with inbox_connection() as connected:
            asked.append(connected)
            connected.execute("SET statement_timeout = 1")
            try:
                connected.execute("SELECT pg_sleep(1)")
            finally:
                connected.execute("SET statement_timeout = '60s'")
            yield connected

    monkeypatch.setattr(inbox, "inbox_connection", slow)
    with pytest.raises(OperationalError):
        receive(tenant)
    assert len(asked) == 1


def stored_text(brand: Brand, body: str) -> str:
    """The payload of an event as it lies in the database, after it came as `body`."""
    sent = body.encode()
    inbox.receive(brand.id, body=sent, signature=stripe_events.signature(sent, brand.webhook_secret))
    with atomic(brand.id):
        kept: str = db.session.execute(text("SELECT payload::text FROM webhook_events")).scalar_one()
    return kept


@pytest.mark.parametrize("name", ["Chlo\u00e9", r"Chlo\u00e9", r"\ud83c\udf31", r"C:\\"])
def test_an_event_is_stored_as_it_came(tenant: Brand, name: str) -> None:
    body = f'{{ "id": "evt_1", "type": "invoice.paid",\n  "name": "{name}" }}'
    assert stored_text(tenant, body) == body


@pytest.mark.parametrize(
    "hidden", [r"pi_1\u005fsecret_abc", r"pi_1_secre\u0074_abc", r"\u0070i_1_secret_abc"]
)
def test_a_client_secret_that_hides_in_escapes_is_not_kept(tenant: Brand, hidden: str) -> None:
    body = f'{{"id": "evt_1", "type": "invoice.paid", "client_secret": "{hidden}"}}'
    kept = stored_text(tenant, body)
    assert "pi_1_secret_redacted" in kept
    assert "abc" not in kept

"""Events are stored as they were received, also after the database server closed the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from lumira import event_payloads, single_statements
from lumira.database import atomic, db
from lumira.models import WebhookEvent
from lumira.single_statements import inbox_connection
from lumira.webhooks import inbox
from tests.support import stripe_events
from tests.support.factories import Brand, count

pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def close_connections(settings: Settings) -> Iterator[Any]:
    """Close connections of the application as a restart of the server does: one by its process id, or all."""
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


def test_events_are_stored_after_a_restart_of_the_database(tenant: Brand, close_connections: Any) -> None:
    with inbox_connection(), inbox_connection(), inbox_connection():
        pass
    receive(tenant)
    close_connections()
    for _ in range(3):
        receive(tenant)
    assert count(tenant, WebhookEvent) == 4


def closed_by_server(times: list[int], close_connections: Any) -> Any:
    """Return connections of which the server closes the first ones while an event is being stored."""

    @contextmanager
    def connection() -> Iterator[psycopg.Connection[Any]]:
        with inbox_connection() as connected:
            if times[0] > 0:
                times[0] -= 1
                close_connections(connected.info.backend_pid)
            yield connected

    return connection


def test_an_event_is_stored_again_if_the_database_closes_the_connection(
    tenant: Brand, close_connections: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_statements, "inbox_connection", closed_by_server([1], close_connections))
    receive(tenant)
    assert count(tenant, WebhookEvent) == 1


def test_an_event_is_not_stored_if_the_database_closes_the_connection_twice(
    tenant: Brand, close_connections: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_statements, "inbox_connection", closed_by_server([2], close_connections))
    with pytest.raises(OperationalError):
        receive(tenant)
    assert count(tenant, WebhookEvent) == 0


def test_other_errors_of_the_database_are_not_retried(tenant: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    connections = []

    @contextmanager
    def slow() -> Iterator[psycopg.Connection[Any]]:
        with inbox_connection() as connected:
            connections.append(connected)
            connected.execute("SET statement_timeout = 1")
            try:
                connected.execute("SELECT pg_sleep(1)")
            finally:
                connected.execute("SET statement_timeout = '60s'")
            yield connected

    monkeypatch.setattr(single_statements, "inbox_connection", slow)
    with pytest.raises(OperationalError):
        receive(tenant)
    assert len(connections) == 1


def stored_text(brand: Brand, body: str) -> str:
    """Return the stored payload of an event that was received as `body`."""
    raw = body.encode()
    inbox.receive(brand.id, body=raw, signature=stripe_events.signature(raw, brand.webhook_secret))
    with atomic(brand.id):
        compressed = db.session.execute(text("SELECT compressed_payload FROM webhook_events")).scalar_one()
    return event_payloads.text_of(compressed)


@pytest.mark.parametrize("name", ["Chlo\u00e9", r"Chlo\u00e9", r"\ud83c\udf31", r"C:\\"])
def test_an_event_is_stored_as_it_was_received(tenant: Brand, name: str) -> None:
    body = f'{{ "id": "evt_1", "type": "invoice.paid",\n  "name": "{name}" }}'
    assert stored_text(tenant, body) == body


@pytest.mark.parametrize(
    "escaped", [r"pi_1\u005fsecret_abc", r"pi_1_secre\u0074_abc", r"\u0070i_1_secret_abc"]
)
def test_a_client_secret_in_escapes_is_not_stored(tenant: Brand, escaped: str) -> None:
    body = f'{{"id": "evt_1", "type": "invoice.paid", "client_secret": "{escaped}"}}'
    payload = stored_text(tenant, body)
    assert "pi_1_secret_redacted" in payload
    assert "abc" not in payload

"""An event is stored although the database server hung up on the connection."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from lumira.database import inbox_connection
from lumira.models import WebhookEvent
from lumira.webhooks import inbox
from tests import stripe_events
from tests.factories import Brand, count

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
    def connection() -> Iterator[Connection]:
        with inbox_connection() as connected:
            if times[0] > 0:
                times[0] -= 1
                hang_up(connected.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
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
    def slow() -> Iterator[Connection]:
        with inbox_connection() as connected:
            asked.append(connected)
            connected.exec_driver_sql("SET statement_timeout = 1")
            try:
                connected.exec_driver_sql("SELECT pg_sleep(1)")
            finally:
                connected.exec_driver_sql("SET statement_timeout = '60s'")
            yield connected

    monkeypatch.setattr(inbox, "inbox_connection", slow)
    with pytest.raises(OperationalError):
        receive(tenant)
    assert len(asked) == 1

"""An unexpected error is stored by its kind, whatever the process does, and an operator gets one alert."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Thread

import pytest
import structlog
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from lumira.blueprints import stripe
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import INSTALLATION, AlertKind
from lumira.notifications import send_alerts
from lumira.repositories.alerts import alerts
from lumira.repositories.installation import program_errors
from lumira.services.program_errors import alert, note_errors, retire_errors
from lumira.tasks import job_queue, upkeep
from tests.support import own_database
from tests.support.factories import Brand
from tests.support.log_lines import logged
from tests.support.program_errors import Surprise, fail_with, log_error, remove, stored, surprise
from tests.support.statements import Statements

settings, app = own_database.settings, own_database.app

pytestmark = pytest.mark.usefixtures("app_context", "no_errors")
CONFIG = "/api/stripe/config"


@pytest.fixture
def no_errors(app: Flask) -> Iterator[None]:
    note_errors.forget()
    yield
    note_errors.forget()
    alert.configure(None)
    with app.app_context():
        remove(INSTALLATION, *job_queue.every_tenant())


def open_alerts(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return [each.subject for each in alerts.list_open(brand.id, AlertKind.PROGRAM_ERROR)]


def test_a_crash_of_the_api_is_stored_with_its_route_tenant_and_request(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, stripe, "view_shop_config")
    headers = {**tenant.publishable, "X-Request-Id": "of-the-client"}
    assert client.get(CONFIG, headers=headers).status_code == 500
    assert note_errors.write_pending()

    [error] = stored()
    assert (error.error_type, error.place) == ("tests.support.program_errors.Surprise", f"GET {CONFIG}")
    assert (error.occurrences, error.last_request_id) == (1, "of-the-client")
    assert error.message == "no price for '…' with sk_live_[redacted]"
    assert "lumira/blueprints/stripe.py" in error.traceback
    assert "Martin" not in error.traceback
    assert [each.id for each in stored(tenant.id)] == [error.id]


def test_another_tenant_does_not_see_the_error(
    client: FlaskClient, tenant: Brand, other_tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, stripe, "view_shop_config")
    client.get(CONFIG, headers=tenant.publishable)
    client.get(CONFIG, headers=tenant.publishable)
    client.get(CONFIG, headers=other_tenant.publishable)
    note_errors.write_pending()
    assert [error.occurrences for error in stored()] == [3]
    assert [error.occurrences for error in stored(tenant.id)] == [2]
    assert [error.occurrences for error in stored(other_tenant.id)] == [1]
    with atomic(other_tenant.id):
        assert program_errors.list_page(tenant.id, is_resolved=None, limit=10) == []
        assert program_errors.list_page(0, is_resolved=None, limit=10) == []


def test_a_hundred_errors_of_one_kind_are_written_once_and_counted(
    tenant: Brand, statements: Statements
) -> None:
    def fail_often() -> None:
        with structlog.contextvars.bound_contextvars(job="sweep", tenant_id=tenant.id):
            for _ in range(100):
                log_error(surprise)

    assert statements.made_by(fail_often) == []
    written = statements.made_by(note_errors.write_pending)
    # One for the installation, and one for the tenant.
    assert len([each for each in written if "INSERT INTO program_errors" in each]) == 2
    assert [(error.occurrences, error.place) for error in stored()] == [(100, "job sweep")]


def test_one_error_that_is_logged_at_two_places_counts_once() -> None:
    def log_and_raise() -> None:
        try:
            surprise()
        except Surprise as error:
            structlog.get_logger().error("request_crashed", exc_info=error)
            raise

    log_error(log_and_raise)
    note_errors.write_pending()
    assert [error.occurrences for error in stored()] == [1]


def test_what_is_expected_is_not_stored(capsys: pytest.CaptureFixture[str]) -> None:
    def refuse() -> None:
        raise NotFound("There is no such order.")

    log_error(refuse)
    structlog.get_logger().error("database_lost")
    structlog.get_logger().warning("smtp_connection_not_kept", exc_info=Surprise())
    note_errors.write_pending()
    assert stored() == []


def test_without_the_database_the_counts_wait_for_it(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise OperationalError(None, None, Exception("connection refused"))

    with structlog.contextvars.bound_contextvars(tenant_id=tenant.id):
        log_error(surprise)
        with monkeypatch.context() as down:
            down.setattr(program_errors, "add", lost)
            assert not note_errors.write_pending()
            log_error(surprise)
            assert not note_errors.write_pending()
        assert len(logged(capsys, "program_errors_not_written")) == 2
        assert note_errors.write_pending()
    assert [error.occurrences for error in stored()] == [2]
    assert [error.occurrences for error in stored(tenant.id)] == [2]


def test_an_error_that_the_database_refuses_is_dropped_and_delays_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def other() -> None:
        raise Surprise("another line")

    log_error(surprise)
    add = program_errors.add
    refused: list[object] = []

    def refuse_the_first(tenant_id: int, **values: object) -> None:
        if not refused:
            refused.append(values.pop("place"))
        add(tenant_id, **values)

    monkeypatch.setattr(program_errors, "add", refuse_the_first)
    log_error(other)
    assert note_errors.write_pending()
    [line] = logged(capsys, "program_errors_not_written")
    assert (line["error"], line["is_kept"]) == ("IntegrityError", False)
    assert [error.message for error in stored()] == ["another line"]


def test_a_failure_while_noting_never_reaches_the_request(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_with(monkeypatch, stripe, "view_shop_config")
    fail_with(monkeypatch, note_errors, "report_of", MemoryError)
    assert client.get(CONFIG, headers=tenant.publishable).status_code == 500
    [line] = logged(capsys, "request_crashed")
    assert line["not_reported"] == "MemoryError"
    assert "Surprise" in line["exception"]


def test_errors_are_noted_while_the_failing_transaction_is_open(tenant: Brand) -> None:
    with atomic(tenant.id):
        log_error(surprise)
    note_errors.write_pending()
    assert len(stored()) == 1


def test_threads_that_fail_at_the_same_time_lose_no_count() -> None:
    threads = [Thread(target=lambda: [log_error(surprise) for _ in range(50)]) for _ in range(4)]
    log_error(surprise)
    for thread in threads:
        thread.start()
    for thread in threads:
        note_errors.write_pending()
        thread.join()
    note_errors.write_pending()
    assert [error.occurrences for error in stored()] == [201]


def test_the_default_tenants_team_gets_one_alert_for_each_kind(tenant: Brand, other_tenant: Brand) -> None:
    alert.configure(other_tenant.slug)
    for _ in range(3):
        with structlog.contextvars.bound_contextvars(tenant_id=tenant.id):
            log_error(surprise)
        note_errors.write_pending()
    [error] = stored()
    assert open_alerts(other_tenant) == [str(error.id)]
    assert open_alerts(tenant) == []


def test_an_error_that_stays_away_for_a_week_is_resolved_with_its_alert(tenant: Brand) -> None:
    alert.configure(tenant.slug)
    log_error(surprise)
    note_errors.write_pending()
    begin = utc_now()
    send_alerts.send_alerts(tenant.id)
    with time_machine.travel(begin + timedelta(days=6, hours=23), tick=False):
        retire_errors.retire_errors_of_installation()
        assert len(open_alerts(tenant)) == 1
    with time_machine.travel(begin + timedelta(days=7, hours=1), tick=False):
        retire_errors.retire_errors_of_installation()
        assert open_alerts(tenant) == []
        [error] = stored()
        assert error.resolved_at == utc_now()
        # The team, which was notified of the alert, is notified of its end.
        assert send_alerts.send_alerts(tenant.id) == 1
        # It comes back.
        log_error(surprise)
        note_errors.write_pending()
        [again] = stored()
        assert (again.resolved_at, again.occurrences) == (None, 2)
        assert open_alerts(tenant) == [str(error.id)]


def test_an_error_is_removed_after_ninety_days_and_the_oldest_kinds_beyond_the_bound(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other() -> None:
        raise Surprise("another line")

    begin = utc_now()
    with structlog.contextvars.bound_contextvars(tenant_id=tenant.id):
        log_error(surprise)
        note_errors.write_pending()
        with time_machine.travel(begin + timedelta(minutes=1), tick=False):
            log_error(other)
            note_errors.write_pending()
    assert len(stored()) == len(stored(tenant.id)) == 2
    with monkeypatch.context() as bounded:
        bounded.setattr(retire_errors, "MOST_KINDS", 1)
        upkeep.remove_expired(0)
        assert [error.message for error in stored()] == ["another line"]
        assert [error.message for error in stored(tenant.id)] == ["another line"]
    with time_machine.travel(begin + timedelta(days=90, minutes=2), tick=False):
        upkeep.remove_expired(0)
    assert stored() == []
    assert stored(tenant.id) == []

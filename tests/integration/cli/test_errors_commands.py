"""Unexpected errors are listed by kind, explained without values, and resolved until they occur again."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
import structlog
from flask import Flask

from lumira.cli import orders as orders_command
from lumira.database import atomic
from lumira.models import INSTALLATION, AlertKind
from lumira.repositories.alerts import alerts
from lumira.services.program_errors import alert, note_errors
from lumira.webhooks import event_states, parsed_event
from tests.integration.cli.conftest import RunFlask
from tests.support.factories import Brand, open_payment
from tests.support.program_errors import MESSAGE, Surprise, fail_with, log_error, remove, stored, surprise
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context", "alerted")


@pytest.fixture
def alerted(tenant: Brand) -> Iterator[None]:
    note_errors.forget()
    alert.configure(tenant.slug)
    yield
    note_errors.forget()
    alert.configure(None)
    remove(INSTALLATION, tenant.id)


def occur(brand: Brand, times: int = 1) -> str:
    """Let an error occur in a job of the tenant; return its id."""
    with structlog.contextvars.bound_contextvars(job="process_events", tenant_id=brand.id):
        for _ in range(times):
            log_error(surprise)
    note_errors.write_pending()
    [error] = stored()
    return str(error.id)


def test_an_error_is_listed_with_its_count_and_explained_with_its_traceback(
    run_flask: RunFlask, tenant: Brand
) -> None:
    error_id = occur(tenant, times=3)
    listed = run_flask("errors", "list").stdout
    [line] = [line for line in listed.splitlines() if error_id in line]
    assert "  3  " in line
    assert "job process_events" in line
    explained = run_flask("errors", "show", error_id).stdout
    assert f"tenants   {tenant.slug} (3)" in explained
    assert "in surprise\n    raise Surprise(MESSAGE)" in explained
    assert "release   0.1.0" in explained
    assert "Martin" not in listed + explained
    assert "51AbCdEfGhIjKl" not in listed + explained


def test_a_resolved_error_is_listed_only_with_all_until_it_occurs_again(
    run_flask: RunFlask, tenant: Brand
) -> None:
    error_id = occur(tenant)
    assert "resolved." in run_flask("errors", "resolve", error_id).stdout
    with atomic(tenant.id):
        assert alerts.list_open(tenant.id, AlertKind.PROGRAM_ERROR) == []
    assert error_id not in run_flask("errors", "list").stdout
    assert "; resolved " in run_flask("errors", "list", "--all").stdout
    assert "already" in run_flask("errors", "resolve", error_id).stdout
    assert [error.resolved_at is None for error in stored(tenant.id)] == [False]

    occur(tenant)
    assert error_id in run_flask("errors", "list").stdout
    with atomic(tenant.id):
        assert len(alerts.list_open(tenant.id, AlertKind.PROGRAM_ERROR)) == 1


def test_an_unknown_error_is_reported_in_one_line(run_flask: RunFlask) -> None:
    for command in ("show", "resolve"):
        assert "There is no error" in run_flask("errors", command, uuid4(), code=1).stderr


@pytest.mark.parametrize("command", [[], ["list"], ["show"], ["resolve"]])
def test_each_command_has_a_help_with_an_example(run_flask: RunFlask, command: list[str]) -> None:
    printed = run_flask("errors", *command, "--help").stdout
    assert not command or "Example: flask errors" in printed


def test_a_crash_of_a_command_is_stored_and_an_error_of_the_operator_is_not(
    app: Flask, run_flask: RunFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_flask("orders", "show", "LUM-0000000000", code=1)
    fail_with(monkeypatch, orders_command, "address_of")
    result = app.test_cli_runner().invoke(args=["orders", "show", "LUM-0000000000"])
    assert isinstance(result.exception, Surprise)
    note_errors.write_pending()
    assert [error.place for error in stored()] == ["flask orders"]


def test_an_alert_about_a_failed_event_names_the_error_that_explains_it(
    run_flask: RunFlask, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(order: object, stripe_event: object) -> None:
        raise Surprise(MESSAGE)

    monkeypatch.setattr(parsed_event, "find_handler", lambda _type: stumble)
    monkeypatch.setattr(event_states, "MAXIMUM_ATTEMPTS", 1)
    opened = open_payment(tenant)
    intent = payment_intent(id=opened.payment_intent_id, status="succeeded")
    deliver(tenant, event("payment_intent.succeeded", intent))
    note_errors.write_pending()
    with atomic(tenant.id):
        [failed] = alerts.list_open(tenant.id, AlertKind.EVENT_FAILED)
    assert "in stumble" in run_flask("errors", "show", failed.details["error"]).stdout

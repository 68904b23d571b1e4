"""Every action of the API, the dashboard, the command line and the jobs is audited, or harmless for a reason.

A new command, route or job fails here until it is classified, and an action fails until a test asserts its entry.
"""

from pathlib import Path

import pytest
import structlog
from flask import Flask

from config.settings import ROOT
from lumira.database import atomic
from lumira.models import TeamWebhookFormat
from lumira.repositories.audit import audit
from lumira.services.tenants.change_team_webhook import remove_team_webhook, set_team_webhook
from lumira.tasks.queue import queue
from tests.support.audited_actions import COMMANDS, JOBS, ROUTES, written_actions
from tests.support.commands import every_command
from tests.support.factories import Brand
from tests.support.refunds import audited

pytestmark = pytest.mark.usefixtures("app_context")

EVERY_ACTION = sorted(written_actions())


def test_every_command_is_classified(app: Flask) -> None:
    assert {words for words, _ in every_command(app.cli)} == set(COMMANDS)


def test_every_route_that_changes_something_is_classified(app: Flask) -> None:
    changing = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }
    assert changing == set(ROUTES)


def test_every_job_is_classified() -> None:
    assert {name for name in queue.tasks if "procrastinate" not in name} == set(JOBS)


def test_what_is_harmless_says_why() -> None:
    for classified in (COMMANDS, ROUTES, JOBS):
        for name, actions in classified.items():
            assert str(actions).strip(), name


@pytest.mark.parametrize("action", EVERY_ACTION)
def test_a_test_asserts_the_entry_of_each_action(action: str) -> None:
    kind, _, change = action.partition("_")
    # Some tests name several actions of one kind in a loop.
    spellings = (f'"{action}"', f'f"{kind}_{{')
    found = [
        file
        for file in Path(ROOT, "tests", "integration").rglob("test_*.py")
        if file.name != Path(__file__).name
        and any(spelling in (text := file.read_text()) for spelling in spellings)
        and (spellings[0] in text or f'"{change}"' in text)
    ]
    assert found or action in HERE


#: Asserted below.
HERE = ("team_webhook_set", "team_webhook_removed")


def test_a_webhook_of_the_team_is_audited_without_its_url(tenant: Brand) -> None:
    set_team_webhook(tenant.id, "https://example.com/hooks/secret", TeamWebhookFormat.TEXT, actor="test")
    remove_team_webhook(tenant.id, actor="test")

    entries = [entry for action in HERE for entry in audited(tenant, action)]
    assert [entry.actor for entry in entries] == ["test", "test"]
    assert "secret" not in str([entry.details for entry in entries])


@pytest.mark.parametrize("fields", [{}, {"request_id": "r"}, {"job_id": 7}])
def test_an_entry_has_the_id_of_the_request_command_or_job(tenant: Brand, fields: dict[str, object]) -> None:
    structlog.contextvars.clear_contextvars()
    with structlog.contextvars.bound_contextvars(order_number="LUM-1", **fields), atomic(tenant.id):
        audit.record(tenant.id, actor="test", action="tested", subject="tenant", amount=1)

    [entry] = audited(tenant, "tested")
    assert entry.details == {"amount": 1, **fields}

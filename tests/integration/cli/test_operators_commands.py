"""The first operator is made by one command, and one who lost the telephone gets a new link."""

import re

import pytest
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry
from tests.support.dashboard import make_operator, open_browser, sign_in

pytestmark = pytest.mark.usefixtures("app_context")

LINK = re.compile(r"(/dashboard/-/set-up/[A-Za-z0-9_.-]+)")


def test_create_prints_a_link_and_nothing_else_on_stdout(run_flask, tenant) -> None:
    result = run_flask("operators", "create", "Ana@Example.com", "--tenant", tenant.slug, "--role", "expert")
    assert LINK.fullmatch(result.stdout.strip())
    assert "invited until" in run_flask("operators", "list", "--tenant", tenant.slug).stdout


def test_the_printed_link_leads_to_the_page_that_sets_up_the_account(app, run_flask, tenant) -> None:
    result = run_flask("operators", "create", "first@example.com", "--tenant", tenant.slug)
    page = open_browser(app).get(result.stdout.strip())
    assert page.status_code == 200
    assert "first@example.com" in page.text
    assert "<svg" in page.text


def test_a_second_create_replaces_the_first_link(app, run_flask, tenant) -> None:
    first = run_flask("operators", "create", "twice@example.com", "--tenant", tenant.slug).stdout.strip()
    second = run_flask("operators", "create", "twice@example.com", "--tenant", tenant.slug).stdout.strip()
    browser = open_browser(app)
    assert browser.get(first).status_code == 404
    assert browser.get(second).status_code == 200


def test_an_operator_of_the_team_is_not_created_again(run_flask, tenant) -> None:
    operator = make_operator(tenant)
    result = run_flask("operators", "create", operator.email.upper(), "--tenant", tenant.slug, code=1)
    assert "is in the team" in result.stderr


@pytest.mark.parametrize("email", ["no-address", "two@x@example.com", "a@example.com\nBcc: b@example.com"])
def test_an_invalid_address_is_refused(run_flask, tenant, email) -> None:
    assert "not a valid e-mail address" in run_flask(
        "operators", "create", email, "--tenant", tenant.slug, code=1
    ).stderr.replace("\\n", " ")


def test_reset_ends_every_session_at_once(app, run_flask, tenant) -> None:
    operator = make_operator(tenant)
    browser = sign_in(app, operator)
    link = run_flask("operators", "reset", operator.email).stdout.strip()
    assert browser.get("/dashboard/-/account").status_code == 303
    assert operator.email in open_browser(app).get(link).text
    with atomic(tenant.id):
        actions = set(db.session.execute(select(AuditEntry.action)).scalars())
    assert "operator_reset_created" in actions


def test_an_unknown_operator_cannot_be_reset(run_flask, tenant) -> None:
    assert "There is no operator" in run_flask("operators", "reset", "nobody@example.com", code=1).stderr


def test_the_list_shows_operators_with_their_roles(run_flask, tenant, other_tenant) -> None:
    mine, theirs = make_operator(tenant), make_operator(other_tenant)
    listed = run_flask("operators", "list", "--tenant", tenant.slug).stdout
    assert re.search(rf"{tenant.slug} +{mine.email} +owner +since", listed)
    assert theirs.email not in listed
    assert theirs.email in run_flask("operators", "list").stdout


@pytest.mark.parametrize("command", ["create", "reset", "list"])
def test_the_help_shows_an_example(run_flask, command) -> None:
    assert f"Example: flask operators {command}" in run_flask("operators", command, "--help").stdout

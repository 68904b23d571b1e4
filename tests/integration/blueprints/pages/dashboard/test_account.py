"""An operator changes password and app, sees and ends sessions, and confirms what cannot be undone."""

import re
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.models import AuditEntry
from tests.support.dashboard import PASSWORD, Operator, OperatorBrowser, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

ACCOUNT = "/dashboard/-/account"
NEW_PASSWORD = "seven grey herons waiting"


@pytest.fixture
def operator(tenant: Brand) -> Operator:
    return make_operator(tenant)


@pytest.fixture
def browser(app, operator) -> OperatorBrowser:
    return sign_in(app, operator)


def actions(brand: Brand, operator: Operator) -> list[str]:
    with atomic(brand.id):
        query = select(AuditEntry.action).where(AuditEntry.actor == operator.actor).order_by(AuditEntry.id)
        return list(db.session.execute(query).scalars())


def test_a_new_password_counts_and_signs_other_devices_out(app, tenant, operator, browser) -> None:
    other = sign_in(app, operator)
    reply = browser.submit(f"{ACCOUNT}/password", current=PASSWORD, new=NEW_PASSWORD)
    assert (reply.status_code, reply.headers["Location"]) == (303, ACCOUNT)
    assert "The password was changed" in browser.get(ACCOUNT).text
    assert other.get(ACCOUNT).status_code == 303
    assert open_browser(app).sign_in(operator).status_code == 401
    assert open_browser(app).sign_in(operator, password=NEW_PASSWORD).status_code == 303
    assert "operator_password_changed" in actions(tenant, operator)


@pytest.mark.parametrize(
    ("current", "new", "text"),
    [
        ("wrong", NEW_PASSWORD, "This is not your current password"),
        (PASSWORD, "short", "too short"),
        (PASSWORD, "passwordpassword", "easy to guess"),
        (PASSWORD, "", "This field is required"),
    ],
)
def test_a_password_that_is_refused_changes_nothing(app, operator, browser, current, new, text) -> None:
    reply = browser.submit(f"{ACCOUNT}/password", current=current, new=new)
    assert reply.status_code == 400
    assert text in reply.text
    assert sign_in(app, operator).get(ACCOUNT).status_code == 200


def test_a_new_app_replaces_the_old_one(app, tenant, operator, browser) -> None:
    other = sign_in(app, operator)
    page = browser.get(f"{ACCOUNT}/app").text
    [secret] = re.findall(r"<code>([A-Z2-7]+)</code>", page)
    [sealed] = re.findall(r'name="sealed" value="([^"]+)"', page)
    wrong = browser.submit(f"{ACCOUNT}/app", sealed=sealed, code="000000")
    assert (wrong.status_code, secret in wrong.text) == (400, True)

    reply = browser.submit(f"{ACCOUNT}/app", sealed=sealed, code=pyotp.TOTP(secret).now())

    assert (reply.status_code, reply.headers["Location"]) == (303, ACCOUNT)
    assert other.get(ACCOUNT).status_code == 303
    at = datetime.now(UTC) + timedelta(minutes=2)
    with time_machine.travel(at):
        assert open_browser(app).sign_in(operator, code=pyotp.TOTP(operator.secret).at(at)).status_code == 401
        assert open_browser(app).sign_in(operator, code=pyotp.TOTP(secret).at(at)).status_code == 303
    assert "operator_authenticator_changed" in actions(tenant, operator)


def test_new_recovery_codes_replace_the_old_ones(app, tenant, operator, browser) -> None:
    page = browser.submit(f"{ACCOUNT}/recovery-codes")
    codes = re.findall(r"<li>([0-9A-Z-]{19})</li>", page.text)
    assert len(set(codes)) == 10
    assert open_browser(app).sign_in(operator, code=operator.recovery_codes[3]).status_code == 401
    assert open_browser(app).sign_in(operator, code=codes[3]).status_code == 303
    assert "9 unused codes" in browser.get(ACCOUNT).text
    assert "operator_recovery_codes_renewed" in actions(tenant, operator)


def test_sessions_are_listed_and_ended_one_by_one_and_together(app, tenant, operator, browser) -> None:
    other, third = sign_in(app, operator), sign_in(app, operator)
    page = browser.get(ACCOUNT).text
    ends = re.findall(r'action="(/dashboard/-/account/sessions/[0-9a-f-]+/end)"', page)
    # The sessions of the two other browsers, and the one in which the account was set up.
    assert len(ends) == 3
    browser.submit(ends[0])
    assert [each.get(ACCOUNT).status_code for each in (browser, other, third)] == [200, 200, 303]
    browser.submit(f"{ACCOUNT}/sessions/end-others")
    assert [each.get(ACCOUNT).status_code for each in (browser, other)] == [200, 303]
    assert {"operator_session_ended", "operator_sessions_ended"} <= set(actions(tenant, operator))


def test_a_session_of_another_operator_is_not_ended(app, tenant, operator, browser) -> None:
    third = sign_in(app, operator)
    [path, *_] = re.findall(
        r'action="(/dashboard/-/account/sessions/[0-9a-f-]+/end)"', browser.get(ACCOUNT).text
    )
    stranger = sign_in(app, make_operator(tenant))
    assert stranger.submit(path).status_code == 303
    assert third.get(ACCOUNT).status_code == 200


def test_a_device_is_shown_as_text(app, operator) -> None:
    browser = open_browser(app)
    browser.client.environ_base["HTTP_USER_AGENT"] = "<script>alert(1)</script>\u202e" + "x" * 400
    browser.sign_in(operator)
    page = browser.get(ACCOUNT).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_what_cannot_be_undone_asks_for_password_and_code_after_ten_minutes(app, tenant, operator) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        browser = sign_in(app, operator)
        assert browser.get(f"{ACCOUNT}/app").status_code == 200
        clock.shift(timedelta(minutes=10))
        leads_to = browser.get(f"{ACCOUNT}/app").headers["Location"]
        assert leads_to == "/dashboard/-/confirm?next=%2Fdashboard%2F-%2Faccount%2Fapp"
        posted = browser.submit(f"{ACCOUNT}/recovery-codes")
        assert posted.headers["Location"] == "/dashboard/-/confirm?next=%2Fdashboard%2F-%2Faccount"

        ended = browser.submit(f"{ACCOUNT}/sessions/end-others")
        assert ended.headers["Location"] == "/dashboard/-/confirm?next=%2Fdashboard%2F-%2Faccount"

        wrong = browser.submit(leads_to, password=PASSWORD, code="000000")
        assert wrong.status_code == 401
        reply = browser.submit(leads_to, password=PASSWORD, code=operator.code())

        assert (reply.status_code, reply.headers["Location"]) == (303, f"{ACCOUNT}/app")
        assert browser.get(f"{ACCOUNT}/app").status_code == 200
        assert browser.submit(f"{ACCOUNT}/recovery-codes").status_code == 200


def test_a_confirmed_session_has_a_new_token_and_the_former_one_opens_nothing(app, operator, browser) -> None:
    before = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert before is not None
    assert browser.submit("/dashboard/-/confirm", password=PASSWORD, code="000000").status_code == 401
    assert browser.client.get_cookie("lumira_operator", path="/dashboard").value == before.value

    assert browser.confirm().status_code == 303

    assert browser.client.get_cookie("lumira_operator", path="/dashboard").value != before.value
    assert browser.get(ACCOUNT).status_code == 200
    thief = open_browser(app)
    thief.client.set_cookie("lumira_operator", before.value, path="/dashboard")
    assert thief.get(ACCOUNT).status_code == 303


def test_confirming_leads_to_no_other_place(app, operator, browser) -> None:
    path = "/dashboard/-/confirm?next=https://evil.example/"
    assert "evil" not in browser.get(path).text
    reply = browser.submit(path, password=PASSWORD, code=operator.code())
    assert reply.headers["Location"] == "/dashboard"


def test_the_language_is_the_operators_own(browser) -> None:
    assert '<html lang="en"' in browser.get(ACCOUNT).text
    reply = browser.submit("/dashboard/-/language", language="fr")
    assert (reply.status_code, reply.headers["Location"]) == (303, ACCOUNT)
    page = browser.get(ACCOUNT).text
    assert '<html lang="fr"' in page
    assert "La langue a été changée." in page
    assert browser.submit("/dashboard/-/language", language="xx").status_code == 303
    assert '<html lang="fr"' in browser.get(ACCOUNT).text


def test_the_sign_in_page_is_in_the_language_of_the_browser(app) -> None:
    for language, word in (("en-GB,en", "Sign in"), ("fr", "Se connecter"), ("de", "Se connecter")):
        page = open_browser(app).get("/dashboard/-/sign-in", headers={"Accept-Language": language})
        assert word in page.text

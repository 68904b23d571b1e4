"""Operators sign in with a password and a one-time code, and no one else does."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pyotp
import pytest
import time_machine
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event, select

from lumira import passwords
from lumira.database import atomic, db
from lumira.models import AuditEntry, OperatorSession, Role
from lumira.repositories.operators import operators
from tests.support.dashboard import Operator, add_role, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

SIGN_IN = "/dashboard/-/sign-in"


@pytest.fixture
def owner(tenant: Brand) -> Operator:
    return make_operator(tenant)


def is_signed_in(browser) -> bool:
    return browser.get("/dashboard/-/account").status_code == 200


def test_an_operator_signs_in_and_is_led_to_the_shop(app, tenant, owner) -> None:
    browser = open_browser(app)
    assert browser.get("/dashboard").headers["Location"] == f"{SIGN_IN}?next=%2Fdashboard"

    reply = browser.sign_in(owner)

    assert (reply.status_code, reply.headers["Location"]) == (303, "/dashboard")
    assert browser.get("/dashboard").headers["Location"] == f"/dashboard/{tenant.slug}"
    page = browser.get(f"/dashboard/{tenant.slug}")
    assert page.status_code == 200
    assert tenant.name in page.text


@pytest.mark.parametrize("path", ["/dashboard/", "/dashboard/-/account/"])
def test_a_slash_at_the_end_does_no_harm(app, owner, path) -> None:
    assert sign_in(app, owner).get(path).status_code in (200, 303)


def test_the_dashboard_is_served_at_its_own_address_alone(client_with, tenant) -> None:
    client = client_with(public_url="https://pay.example.com")
    reply = client.get("/dashboard/-/sign-in?next=/dashboard", headers={"Host": tenant.domain})
    assert (reply.status_code, reply.headers["Location"]) == (
        303,
        "https://pay.example.com/dashboard/-/sign-in?next=/dashboard",
    )
    assert client.post("/dashboard/-/sign-in", headers={"Host": tenant.domain}).status_code == 404
    assert client.get("/dashboard/-/sign-in", headers={"Host": "pay.example.com"}).status_code == 200


def test_the_log_has_neither_an_address_nor_a_secret(app, owner, capfd) -> None:
    code = owner.code()
    browser = open_browser(app)
    browser.sign_in(owner, password="a wrong password")
    browser.sign_in(owner, code=code)
    browser.get("/dashboard/-/account")
    cookie = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert cookie is not None
    log = capfd.readouterr().err
    assert '"event": "signed_in"' in log
    assert '"event": "sign_in_refused"' in log
    for secret in (owner.email, owner.password, "a wrong password", code, cookie.value):
        assert secret not in log


def test_an_authenticated_request_costs_four_statements(app, tenant, owner) -> None:
    browser = sign_in(app, owner)
    browser.get("/dashboard")
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    browser.get("/dashboard")
    event.remove(db.engine, "before_cursor_execute", note)
    # Who has the token, the session, the operator, and the roles; the shop is cached.
    assert len(statements) == 4, statements


def test_an_operator_of_several_shops_chooses_one(app, tenant, other_tenant, owner) -> None:
    add_role(owner, other_tenant, Role.VIEWER)
    page = sign_in(app, owner).get("/dashboard")
    assert page.status_code == 200
    assert f'href="/dashboard/{tenant.slug}"' in page.text
    assert f'href="/dashboard/{other_tenant.slug}"' in page.text


@pytest.mark.parametrize("wrong", ["email", "password", "code"])
def test_a_wrong_part_is_refused_and_the_page_does_not_tell_which(app, owner, wrong) -> None:
    browser = open_browser(app)
    values = {"email": "nobody@example.com", "password": "another long password", "code": "000000"}

    reply = browser.sign_in(owner, **{wrong: values[wrong]})

    assert reply.status_code == 401
    assert "L’adresse, le mot de passe ou le code ne sont pas les bons" in reply.text  # noqa: RUF001
    assert not is_signed_in(browser)


def test_an_unknown_address_costs_a_hash_and_the_same_queries(app, owner, monkeypatch) -> None:
    hashes: list[bool] = []
    verify = passwords.verify
    monkeypatch.setattr(
        passwords, "verify", lambda stored, typed: hashes.append(stored is None) or verify(stored, typed)
    )
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    counts = []
    for email in ("nobody@example.com", owner.email):
        browser = open_browser(app)
        browser.token(SIGN_IN)
        statements.clear()
        browser.sign_in(owner, email=email, password="another long password")
        counts.append(list(statements))
    event.remove(db.engine, "before_cursor_execute", note)
    assert hashes == [True, False]
    assert counts[0] == counts[1] != []


def test_a_code_signs_in_once(app, owner) -> None:
    code = owner.code()
    assert open_browser(app).sign_in(owner, code=code).status_code == 303
    assert open_browser(app).sign_in(owner, code=code).status_code == 401
    earlier = pyotp.TOTP(owner.secret).at(datetime.now(UTC) - timedelta(seconds=30))
    assert open_browser(app).sign_in(owner, code=earlier).status_code == 401


def test_a_recovery_code_signs_in_once_however_it_is_typed(app, owner) -> None:
    code = owner.recovery_codes[0]
    assert open_browser(app).sign_in(owner, code=code.replace("-", " ").lower()).status_code == 303
    assert open_browser(app).sign_in(owner, code=code).status_code == 401


def test_a_code_of_another_time_is_refused(app, owner) -> None:
    later = pyotp.TOTP(owner.secret).at(datetime.now(UTC) + timedelta(minutes=5))
    assert open_browser(app).sign_in(owner, code=later).status_code == 401


def test_the_session_has_a_token_that_no_page_knew_before(app, owner) -> None:
    browser = open_browser(app)
    browser.client.set_cookie("lumira_operator", "chosen-by-a-stranger", path="/dashboard")
    browser.sign_in(owner)
    first = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert first is not None
    assert first.value != "chosen-by-a-stranger"

    browser.client.set_cookie("lumira_dashboard", "", path="/dashboard")
    browser.submit("/dashboard/-/sign-out")
    browser.sign_in(owner)
    second = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert second is not None
    assert second.value != first.value


def test_signing_in_again_ends_the_session_before(app, owner) -> None:
    browser = sign_in(app, owner)
    old = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert old is not None
    other = open_browser(app)
    other.client.set_cookie("lumira_operator", old.value, path="/dashboard")
    assert is_signed_in(other)
    form = browser.get("/dashboard/-/account").text  # the browser goes back to an old sign-in page
    token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "email": owner.email, "password": owner.password, "code": owner.code()}
    assert browser.client.post(SIGN_IN, data=data).status_code == 303
    assert is_signed_in(browser)
    assert not is_signed_in(other)


@pytest.mark.parametrize(
    "leads_to",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/dashboard/../api",
        "/dashboard/%2e%2e/checkout/evil",
        "/dashboard/.%2E/checkout/evil",
        "/dashboard@evil.example",
        "/dashboard/-/sign-in\r\nX: y",
        "javascript:alert(1)",
        "/checkout/shop",
    ],
)
def test_sign_in_leads_to_no_other_place(app, owner, leads_to) -> None:
    browser = open_browser(app)
    page = browser.get(SIGN_IN, query_string={"next": leads_to})
    assert "evil" not in page.text
    token = browser.token(SIGN_IN)
    data = {"csrf_token": token, "email": owner.email, "password": owner.password, "code": owner.code()}
    reply = browser.client.post(SIGN_IN, query_string={"next": leads_to}, data=data)
    assert (reply.status_code, reply.headers["Location"]) == (303, "/dashboard")


def test_sign_in_leads_to_the_page_that_was_requested(app, tenant, owner) -> None:
    browser = open_browser(app)
    requested = f"/dashboard/{tenant.slug}/team?x=1"
    location = browser.get(requested).headers["Location"]
    assert location == f"{SIGN_IN}?next=%2Fdashboard%2F{tenant.slug}%2Fteam%3Fx%3D1"
    assert browser.sign_in(owner, next=location.partition("next=")[2]).headers["Location"] == requested


def test_after_sign_out_the_token_opens_nothing(app, owner) -> None:
    browser = sign_in(app, owner)
    token = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert token is not None

    reply = browser.submit("/dashboard/-/sign-out")

    assert (reply.status_code, reply.headers["Location"]) == (303, SIGN_IN)
    assert browser.client.get_cookie("lumira_operator", path="/dashboard") is None
    browser.client.set_cookie("lumira_operator", token.value, path="/dashboard")
    assert not is_signed_in(browser)


def test_a_session_ends_after_four_idle_hours_and_after_a_day(app, owner) -> None:
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        browser = sign_in(app, owner)
        clock.shift(timedelta(hours=3, minutes=59))
        assert is_signed_in(browser)
        clock.shift(timedelta(hours=4, minutes=1))
        assert not is_signed_in(browser)

        owner._step = 0
        browser = sign_in(app, owner)
        for _ in range(7):
            clock.shift(timedelta(hours=3))
            assert is_signed_in(browser)
        clock.shift(timedelta(hours=3, minutes=1))
        assert not is_signed_in(browser)


def test_no_token_is_stored_in_clear(app, owner) -> None:
    browser = sign_in(app, owner)
    cookie = browser.client.get_cookie("lumira_operator", path="/dashboard")
    assert cookie is not None
    with atomic(None):
        operators.enter(owner.id)
        rows = db.session.execute(select(OperatorSession)).scalars().all()
    assert all(cookie.value not in str(vars(row)) for row in rows)


def test_sign_in_and_sign_out_are_audited_at_each_shop(app, tenant, other_tenant, owner) -> None:
    add_role(owner, other_tenant, Role.VIEWER)
    sign_in(app, owner).submit("/dashboard/-/sign-out")
    for brand in (tenant, other_tenant):
        with atomic(brand.id):
            entries = db.session.execute(
                select(AuditEntry.action).where(AuditEntry.actor == owner.actor).order_by(AuditEntry.id)
            ).scalars()
            assert list(entries)[-2:] == ["operator_signed_in", "operator_signed_out"]


def test_the_cookie_of_the_forms_is_signed_by_sha_256(app, owner) -> None:
    cookie = sign_in(app, owner).client.get_cookie("lumira_dashboard", path="/dashboard")
    assert cookie is not None
    signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    assert URLSafeTimedSerializer(app.secret_key, salt="cookie-session", signer_kwargs=signer).loads(
        cookie.value
    )


def test_the_cookies_are_for_this_host_and_for_no_script(app, owner) -> None:
    client = app.test_client()
    base = {"base_url": "https://localhost"}
    page = client.get(SIGN_IN, **base)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    data = {"csrf_token": token, "email": owner.email, "password": owner.password, "code": owner.code()}
    reply = client.post(SIGN_IN, data=data, **base)
    cookies = reply.headers.getlist("Set-Cookie")
    assert reply.status_code == 303
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-lumira_operator",
        "__Host-lumira_device",
        "__Host-lumira_dashboard",
    }
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie

"""An invitation or a reset sets up an account: once, for its own address, with a good password and a working app."""

import re
import secrets
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import time_machine
from sqlalchemy import select

from lumira import operator_tokens
from lumira.database import atomic, db
from lumira.models import AuditEntry, OperatorCredentials, OperatorRecoveryCode, Role
from lumira.repositories.operators import operators
from lumira.services.operators.invite_operator import invite_operator
from lumira.services.operators.reset_operator import reset_operator
from tests.support.dashboard import PASSWORD, Operator, make_operator, open_browser, sign_in
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")


def invite(brand: Brand, email: str, role: Role = Role.VIEWER) -> str:
    invitation = invite_operator(brand.id, email, role=role, actor="test", is_sent=False)
    return operator_tokens.path_of(invitation.address)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert found
    return found[1]


def secret_on(page: str) -> str:
    found = re.search(r"<code>([A-Z2-7]+)</code>", page)
    assert found
    return found[1]


def fill_in(browser, path: str, *, password: str = PASSWORD, code: str | None = None):
    """Open the page, scan the code, and send the form."""
    page = browser.get(path).text
    return browser.client.post(
        path,
        data={
            "csrf_token": hidden(page, "csrf_token"),
            "sealed": hidden(page, "sealed"),
            "password": password,
            "code": code or pyotp.TOTP(secret_on(page)).now(),
        },
    )


def test_an_invited_person_sets_up_an_account_and_is_signed_in(app, tenant) -> None:
    browser = open_browser(app)
    reply = fill_in(browser, invite(tenant, "new@example.com"))
    assert reply.status_code == 200
    assert len(re.findall(r"<li>(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}</li>", reply.text)) == 10
    assert browser.get(f"/dashboard/{tenant.slug}").status_code == 200
    assert browser.get(f"/dashboard/{tenant.slug}/team").status_code == 403


def test_the_new_account_signs_in_with_password_and_app(app, tenant) -> None:
    browser, path = open_browser(app), invite(tenant, "later@example.com")
    page = browser.get(path).text
    secret = secret_on(page)
    data = {"csrf_token": hidden(page, "csrf_token"), "sealed": hidden(page, "sealed"), "password": PASSWORD}
    now = datetime.now(UTC)
    assert browser.client.post(path, data=data | {"code": pyotp.TOTP(secret).at(now)}).status_code == 200
    with time_machine.travel(now + timedelta(minutes=1)):
        operator = Operator(operators_id("later@example.com"), "later@example.com", PASSWORD, secret, [])
        assert sign_in(app, operator).get(f"/dashboard/{tenant.slug}").status_code == 200


def operators_id(email: str):
    with atomic(None):
        return operators.find_id(email)


def test_an_invitation_is_used_once(app, tenant) -> None:
    path = invite(tenant, "once@example.com")
    assert fill_in(open_browser(app), path).status_code == 200
    assert open_browser(app).get(path).status_code == 404


def test_an_invitation_ends_after_three_days(app, tenant) -> None:
    path = invite(tenant, "late@example.com")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=3, seconds=1)):
        reply = open_browser(app).get(path)
    assert reply.status_code == 404
    assert "Demandez-en un nouveau" in reply.text


@pytest.mark.parametrize("change", [lambda token: token[:-1], lambda token: "x" + token, lambda _: "x"])
def test_a_forged_link_opens_nothing(app, tenant, change) -> None:
    path, _, token = invite(tenant, "forged@example.com").rpartition("/")
    assert open_browser(app).get(f"{path}/{change(token)}").status_code == 404


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("short", "trop court"),
        ("aaaaaaaaaaaaaaaa", "facile à deviner"),
        ("password12345", "facile à deviner"),
        ("weakling@example.com", "facile à deviner"),
        ("z8" * 70, "trop long"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays_open(app, tenant, password, text) -> None:
    # Every case sets up an account in the end, so each has its own address.
    path = invite(tenant, password if "@" in password else f"{secrets.token_hex(4)}@example.com")
    reply = fill_in(open_browser(app), path, password=password)
    assert reply.status_code == 400
    assert text in reply.text
    assert fill_in(open_browser(app), path).status_code == 200


def test_a_wrong_code_shows_the_same_secret_again(app, tenant) -> None:
    browser, path = open_browser(app), invite(tenant, "slow@example.com")
    page = browser.get(path).text
    data = {"csrf_token": hidden(page, "csrf_token"), "sealed": hidden(page, "sealed"), "password": PASSWORD}
    again = browser.client.post(path, data=data | {"code": "000000"})
    assert again.status_code == 400
    assert secret_on(again.text) == secret_on(page)


def test_a_secret_of_another_link_is_not_accepted(app, tenant) -> None:
    browser = open_browser(app)
    theirs = browser.get(invite(tenant, "theirs@example.com")).text
    path = invite(tenant, "mine@example.com")
    data = {
        "csrf_token": browser.token(path),
        "sealed": hidden(theirs, "sealed"),
        "password": PASSWORD,
        "code": pyotp.TOTP(secret_on(theirs)).now(),
    }
    assert browser.client.post(path, data=data).status_code == 400


def test_neither_password_nor_secret_nor_recovery_code_is_stored_in_clear(tenant) -> None:
    operator = make_operator(tenant)
    with atomic(None):
        operators.enter(operator.id)
        row = db.session.execute(select(OperatorCredentials)).scalar_one()
        digests = db.session.execute(select(OperatorRecoveryCode.digest)).scalars().all()
    assert row.password_hash.startswith("$argon2id$")
    assert operator.secret.encode() not in row.totp_secret_sealed
    assert len(digests) == 10
    assert not {code.replace("-", "") for code in operator.recovery_codes} & set(digests)


def test_an_operator_with_an_account_accepts_an_invitation_after_sign_in(app, tenant, other_tenant) -> None:
    operator = make_operator(tenant)
    path = invite(other_tenant, operator.email)
    browser = open_browser(app)
    page = browser.get(path)
    assert page.status_code == 200
    assert 'name="password"' not in page.text

    leads_to = re.search(r'href="(/dashboard/-/accept/[^"]+)"', page.text)
    assert leads_to
    browser.get(leads_to[1])
    browser.sign_in(operator, next=leads_to[1])
    reply = browser.submit(leads_to[1])

    assert (reply.status_code, reply.headers["Location"]) == (303, f"/dashboard/{other_tenant.slug}")
    assert browser.get(f"/dashboard/{other_tenant.slug}").status_code == 200
    assert browser.submit(leads_to[1]).status_code == 404


def test_a_link_with_a_line_break_adds_no_header(app, tenant) -> None:
    reply = sign_in(app, make_operator(tenant)).get("/dashboard/-/accept/x%0D%0ASet-Cookie:%20y=1")
    assert reply.headers["Location"] == "/dashboard/-/set-up/x%0D%0ASet-Cookie%3A%20y%3D1"
    assert "Set-Cookie" not in reply.headers


def test_an_invitation_of_another_address_is_not_accepted(app, tenant, other_tenant) -> None:
    path = invite(other_tenant, make_operator(tenant).email)
    browser = sign_in(app, make_operator(tenant))
    token = path.rpartition("/")[2]
    assert browser.submit(f"/dashboard/-/accept/{token}").status_code == 404
    assert browser.get(f"/dashboard/{other_tenant.slug}").status_code == 404


def test_no_account_is_taken_over_by_inviting_its_address(app, tenant, other_tenant) -> None:
    """Not even by sending the form that the page does not show."""
    victim = make_operator(tenant)
    path = invite(other_tenant, victim.email)
    browser = open_browser(app)
    other = browser.get(invite(other_tenant, "other@example.com")).text
    data = {
        "csrf_token": hidden(other, "csrf_token"),
        "sealed": hidden(other, "sealed"),
        "password": "a password of an attacker",
        "code": pyotp.TOTP(secret_on(other)).now(),
    }
    assert browser.client.post(path, data=data).status_code in (400, 409)
    assert sign_in(app, victim).get(f"/dashboard/{tenant.slug}").status_code == 200


def test_a_reset_replaces_password_and_app_and_ends_every_session(app, tenant) -> None:
    operator = make_operator(tenant)
    old = sign_in(app, operator)
    path = operator_tokens.path_of(reset_operator(operator.email).address)
    assert old.get("/dashboard/-/account").status_code == 303

    during = sign_in(app, operator)
    browser = open_browser(app)
    assert fill_in(browser, path, password="another phrase of words").status_code == 200

    assert browser.get(f"/dashboard/{tenant.slug}").status_code == 200
    assert during.get("/dashboard/-/account").status_code == 303
    assert open_browser(app).sign_in(operator, code=operator.recovery_codes[0]).status_code == 401
    assert open_browser(app).get(path).status_code == 404
    with atomic(tenant.id):
        used = select(AuditEntry.actor).where(AuditEntry.action == "operator_reset_used")
        assert db.session.execute(used).scalar_one() == operator.actor


def test_a_newer_reset_ends_the_older_one_and_each_ends_after_a_day(app, tenant) -> None:
    operator = make_operator(tenant)
    first = operator_tokens.path_of(reset_operator(operator.email).address)
    second = operator_tokens.path_of(reset_operator(operator.email).address)
    assert open_browser(app).get(first).status_code == 404
    assert open_browser(app).get(second).status_code == 200
    with time_machine.travel(datetime.now(UTC) + timedelta(days=1, seconds=1)):
        assert open_browser(app).get(second).status_code == 404


def test_joining_is_audited_with_who_invited(app, tenant) -> None:
    operator = make_operator(tenant, Role.EXPERT)
    with atomic(tenant.id):
        entry = db.session.execute(
            select(AuditEntry).where(AuditEntry.action == "operator_joined")
        ).scalar_one()
    assert entry.actor == operator.actor
    assert (entry.details["role"], entry.details["invited_by"]) == ("expert", "test")

"""After `SECRET_KEY` is replaced, what the former key signed works on while it is a fallback, and no longer."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from config.settings import Settings
from lumira import create_app, link_tokens, operator_tokens
from lumira.blueprints.pages.dashboard.access import sign_in_limits
from lumira.database import db
from lumira.link_tokens import LinkAddress, WithdrawalAddress
from lumira.models import KeyKind
from lumira.operator_tokens import ResetAddress
from lumira.repositories.hash_chains import AUDIT
from lumira.services.audit import seal_entries
from lumira.services.chains import heads
from lumira.services.tenants.manage_keys import create_key
from tests.support.checkout_pages import session_of, shown_in, submit
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import BUYER, Brand

FORMER = "the-former-key-0123456789-abcdefghij"
NEW = "the-new-key-0123456789-abcdefghijklm"

#: Starts the installation anew with these keys: the first one signs.
Start = Callable[..., Flask]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    started: list[Flask] = []

    def begin(secret_key: str, *fallbacks: str) -> Flask:
        application = create_app(replace(settings, secret_key=secret_key, secret_key_fallbacks=fallbacks))
        application.testing = True
        started.append(application)
        return application

    yield begin
    for application in started:
        with application.app_context():
            for engine in db.engines.values():
                engine.dispose()
    # Restore the keys of the other tests in this process.
    create_app(settings, serves_http=False)


def moved(client: FlaskClient, app: Flask) -> FlaskClient:
    """The same browser, of which the server was started anew."""
    to = app.test_client()
    to._cookies = client._cookies  # type: ignore[attr-defined]
    return to


def test_an_old_link_opens_and_a_new_one_is_made_with_the_new_key(start: Start) -> None:
    link = LinkAddress(7, UUID(int=8))
    withdrawal = WithdrawalAddress(7, UUID(int=8), datetime(2026, 3, 1, tzinfo=UTC))
    reset = ResetAddress(UUID(int=9), UUID(int=10))

    def tokens() -> tuple[str, str, str, str]:
        form = link_tokens.sign_form("page")
        return (
            link_tokens.sign(link),
            link_tokens.sign_withdrawal(withdrawal),
            operator_tokens.sign(reset),
            form,
        )

    def read(sent: tuple[str, str, str, str]) -> tuple[object, object, object, bool]:
        portal, withdrawn, operator, form = sent
        return (
            link_tokens.read(portal),
            link_tokens.read_withdrawal(withdrawn),
            operator_tokens.read(operator),
            link_tokens.is_form_of("page", form),
        )

    start(FORMER)
    old = tokens()
    start(NEW, FORMER)
    new = tokens()
    assert set(old) & set(new) == set()
    assert read(old) == read(new) == (link, withdrawal, reset, True)
    start(NEW)
    assert read(old) == (None, None, None, False)
    assert read(new) == (link, withdrawal, reset, True)


def test_a_link_of_a_former_key_has_one_spelling(start: Start) -> None:
    start(FORMER)
    token = link_tokens.sign(LinkAddress(7, UUID(int=8)))
    start(NEW, FORMER)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    value, signature = token.split(".")
    spelled = [f"{value[:-1]}{each}.{signature}" for each in alphabet]
    spelled += [f"{value}.{signature[:-1]}{each}" for each in alphabet]
    assert {each for each in spelled if link_tokens.read(each) is not None} == {token}


def test_an_operator_stays_signed_in_and_sends_the_form_of_a_page_that_was_open(
    start: Start, tenant: Brand
) -> None:
    app = start(FORMER)
    with app.app_context():
        browser = sign_in(app, make_operator(tenant))
    form = {"csrf_token": browser.token(), "kind": KeyKind.SECRET, "form_key": "a" * 36}
    for keys, status in (((NEW, FORMER), 200), ((NEW,), 400)):
        reply = moved(browser.client, start(*keys)).post(f"/dashboard/{tenant.slug}/keys", data=form)
        assert (reply.status_code, "lum_sk_" in reply.text) == (status, status == 200)


def test_a_browser_that_an_operator_has_used_is_still_known(start: Start, tenant: Brand) -> None:
    app = start(FORMER)
    with app.app_context():
        operator = make_operator(tenant)
        browser = sign_in(app, operator)
    mark = browser.client.get_cookie("lumira_device", path="/dashboard")
    assert mark is not None
    for keys, is_known in (((NEW, FORMER), True), ((NEW,), False)):
        headers = {"Cookie": f"lumira_device={mark.value}"}
        with start(*keys).test_request_context("/dashboard/-/sign-in", headers=headers):
            assert (sign_in_limits.find_device(operator.email) is not None) == is_known


def test_a_buyer_finishes_a_checkout_that_was_open(start: Start, tenant: Brand) -> None:
    path = f"/checkout/{tenant.slug}?items=shirt"
    client = start(FORMER).test_client()
    shown = shown_in(client.get(path))
    first = session_of(submit(client, path, shown=shown))
    again = moved(client, start(NEW, FORMER))
    # The same form opens the same order.
    assert session_of(submit(again, path, shown=shown)) == first


def test_a_buyers_page_finds_its_order_by_the_number(start: Start, tenant: Brand) -> None:
    client = start(FORMER).test_client()
    body = {"productId": "shirt", "customerEmail": BUYER}
    opened = client.post("/api/payments/create-payment-intent", json=body, headers=tenant.publishable)
    number = opened.json["orderNumber"]  # type: ignore[index]
    path = f"/api/payments/{number}"
    for keys, status in (((NEW, FORMER), 200), ((NEW,), 404)):
        found = start(*keys).test_client().get(path, headers=tenant.publishable)
        assert found.status_code == status, found.text


def test_the_audit_logs_heads_are_accepted_while_the_former_key_is_a_fallback(
    start: Start, tenant: Brand
) -> None:
    with start(FORMER).app_context():
        create_key(tenant.id, KeyKind.SECRET, actor="test")
        seal_entries.seal_all(tenant.id)
        heads.store_heads(tenant.id)
    with start(NEW, FORMER).app_context():
        assert heads.compare(AUDIT, tenant.id).differences == []
    with start(NEW).app_context():
        [sentence] = heads.compare(AUDIT, tenant.id).differences
    assert "was not signed with this SECRET_KEY" in sentence

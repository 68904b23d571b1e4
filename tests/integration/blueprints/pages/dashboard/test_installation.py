"""Owners see what `flask doctor` sees, and mend by a button what can be mended from a browser."""

import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask

from config.smtp_server import SmtpServer
from lumira import stripe_slots
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import Language, Role
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.finding_texts import FINDINGS
from tests.support.dashboard import make_operator, sign_in
from tests.support.factories import Brand
from tests.support.mail_server import Mailbox, running
from tests.support.stripe_sandbox import call

pytestmark = pytest.mark.usefixtures("app_context")

#: Seconds after which a wait fails the test.
PATIENCE = 30


def path(brand: Brand) -> str:
    return f"/dashboard/{brand.slug}/set-up"


def work() -> None:
    """A request that calls Stripe, of another shop."""
    with stripe_slots.admitted():
        pass


@contextmanager
def silent_mail_server(app: Flask) -> Iterator[socket.socket]:
    """Accepts connections and never replies; yields the socket that accepts them."""
    before = app.extensions["lumira"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        port = server.getsockname()[1]
        app.extensions["lumira"] = replace(before, smtp=SmtpServer("127.0.0.1", port, "never"))
        try:
            yield server
        finally:
            app.extensions["lumira"] = before


def endpoints(brand: Brand) -> list[str]:
    listed = call(brand, "GET", "/v1/webhook_endpoints")["data"]
    return [each["url"] for each in listed if brand.slug in each["url"]]


def test_a_check_names_each_fault_with_its_remedy_and_button(browser, tenant) -> None:
    assert "Check now" in browser.get(path(tenant)).text
    page = browser.submit(f"{path(tenant)}/check").text
    assert "No endpoint delivers to" in page
    assert f"flask webhooks setup {tenant.slug}" in page
    assert f'action="{path(tenant)}/stripe"' in page
    # Faults come first.
    assert page.index(">fault<") < page.index(">ok<")


def test_a_broken_set_up_is_shown_in_french_without_an_english_sentence(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    before = app.extensions["lumira"]
    app.extensions["lumira"] = replace(before, smtp=SmtpServer("127.0.0.1", 1, "never"), public_url=None)
    try:
        page = unescape(browser.submit(f"{path(tenant)}/check").text)
    finally:
        app.extensions["lumira"] = before
    assert "PUBLIC_URL n\u2019est pas défini" in page
    assert "Il n\u2019accepte pas la connexion." in page
    assert "Aucun webhook ne livre à" in page
    english = {text for texts in FINDINGS.values() for text in texts if text}
    parts = {part for text in english for part in re.split(r"\{\w+\}", text) if len(part.split()) > 2}
    assert {part for part in parts if part in page} == set()


def test_a_check_shows_no_other_shop(browser, tenant, other_tenant) -> None:
    page = browser.submit(f"{path(tenant)}/check").text
    assert other_tenant.slug not in page
    assert other_tenant.domain not in page


def test_a_check_that_waits_for_the_mail_server_lets_every_other_request_work(app, browser, tenant) -> None:
    with silent_mail_server(app) as server, ThreadPoolExecutor(2) as threads, ExitStack() as others:
        check = threads.submit(browser.submit, f"{path(tenant)}/check")
        connection, _ = server.accept()
        with connection:
            # Four requests of a process work at once.
            for _ in range(3):
                others.enter_context(stripe_slots.admitted())
            fourth = threads.submit(work)
            try:
                fourth.result(timeout=60)
                assert not check.done()
            finally:
                others.close()
        assert "It does not accept the connection." in check.result().text


def test_one_check_runs_at_once(app, browser, tenant) -> None:
    second = sign_in(app, make_operator(tenant))
    with silent_mail_server(app) as server, ThreadPoolExecutor(1) as threads:
        check = threads.submit(browser.submit, f"{path(tenant)}/check")
        connection, _ = server.accept()
        with connection:
            reply = second.submit(f"{path(tenant)}/check")
        assert reply.headers["Location"] == path(tenant)
        assert "A check is running" in second.get(path(tenant)).text
        assert check.result().status_code == 200
    assert browser.submit(f"{path(tenant)}/check").status_code == 200


def test_owners_see_faults_of_the_installation_without_its_addresses(app, browser, tenant) -> None:
    before = app.extensions["lumira"]
    app.extensions["lumira"] = replace(before, smtp=SmtpServer("127.0.0.1", 1, "never"))
    try:
        page = browser.submit(f"{path(tenant)}/check").text
    finally:
        app.extensions["lumira"] = before
    assert "It does not accept the connection." in page
    assert "Check SMTP_URL." in page
    assert "A file was stored, read and removed." in page
    for internal in ("127.0.0.1", "refused", str(before.instance_path), before.stripe_api_base):
        assert internal not in page


def test_the_storage_is_tried_among_the_files_of_the_shop_itself(app, tenant, other_tenant) -> None:
    files = app.extensions["lumira"].instance_path / "files"
    assert not (files / f"t{other_tenant.id}").exists()
    sign_in(app, make_operator(other_tenant)).submit(f"{path(other_tenant)}/check")
    assert list((files / f"t{other_tenant.id}").iterdir()) == []


def test_the_button_creates_the_endpoint_once(browser, tenant) -> None:
    with atomic(tenant.id):
        stripe_accounts.remove_webhook_secret(tenant.id, tenant.webhook_secret)
    for _ in range(2):
        reply = browser.submit(f"{path(tenant)}/stripe")
        assert reply.headers["Location"] == path(tenant)
    assert "Done at Stripe" in browser.get(path(tenant)).text
    assert len(endpoints(tenant)) == 1
    page = browser.submit(f"{path(tenant)}/check").text
    assert "delivers every event that Lumira handles" in page
    assert "whsec" not in page


def test_what_the_button_did_is_said_in_french(app, tenant) -> None:
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [f"{tenant.slug}.lumira.app"])
        stripe_accounts.remove_webhook_secret(tenant.id, tenant.webhook_secret)
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/stripe")
    page = browser.get(path(tenant)).text
    assert "Fait chez Stripe. Le webhook we_" in page
    assert "The endpoint" not in page
    assert "The domain" not in page


def test_what_the_button_could_not_do_is_said_in_french(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/stripe")
    page = unescape(browser.get(path(tenant)).text)
    assert f"Fait chez Stripe, sauf : Apple Pay n\u2019est pas actif sur {tenant.domain}. Stripe r" in page
    assert "is not active" not in page


def test_a_set_up_without_an_address_is_refused_in_french(app, tenant) -> None:
    with atomic(tenant.id):
        tenants.set_domains(tenant.id, [])
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/stripe")
    assert "Stripe. Définissez PUBLIC_URL" in unescape(browser.get(path(tenant)).text)


def test_without_keys_the_check_and_the_button_say_so(app, make_brand) -> None:
    brand = make_brand(stripe=False)
    browser = sign_in(app, make_operator(brand))
    assert "Stripe key" in browser.submit(f"{path(brand)}/check").text
    browser.submit(f"{path(brand)}/stripe")
    assert "Nothing was set up at Stripe" in browser.get(path(brand)).text


def test_the_button_needs_password_and_code_once_more(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant))
    with time_machine.travel(utc_now() + timedelta(minutes=11)):
        reply = browser.submit(f"{path(tenant)}/stripe", page=path(tenant))
    assert reply.headers["Location"].startswith("/dashboard/-/confirm?next=")
    assert endpoints(tenant) == []


def test_a_test_email_reaches_the_operator_alone(app, browser, tenant) -> None:
    before = app.extensions["lumira"]
    mailbox = Mailbox()
    with running(mailbox) as port:
        app.extensions["lumira"] = replace(before, smtp=SmtpServer("127.0.0.1", port, "never"))
        try:
            browser.submit(f"{path(tenant)}/test-email", email="another@example.com")
        finally:
            app.extensions["lumira"] = before
    assert "A test e-mail was sent to" in browser.get(path(tenant)).text
    assert mailbox.recipients == [browser.operator.email]


def test_a_test_email_that_cannot_be_sent_says_why(app, tenant) -> None:
    browser = sign_in(app, make_operator(tenant, language=Language.FRENCH))
    browser.submit(f"{path(tenant)}/test-email")
    assert "pas parti : SMTP_URL" in browser.get(path(tenant)).text


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EXPERT])
def test_only_owners_check_and_set_up(app, tenant, role) -> None:
    browser = sign_in(app, make_operator(tenant, role))
    assert browser.get(path(tenant)).status_code == 403
    for action in ("check", "stripe", "test-email"):
        assert browser.submit(f"{path(tenant)}/{action}").status_code == 403
    assert endpoints(tenant) == []


def test_the_set_up_of_another_shop_is_not_found(browser, other_tenant) -> None:
    for action in ("check", "stripe", "test-email"):
        assert browser.submit(f"{path(other_tenant)}/{action}").status_code == 404
    assert endpoints(other_tenant) == []

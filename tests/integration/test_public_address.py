"""`flask doctor` proves with a signed delivery that the public address leads to this installation."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from config.settings import Settings
from config.smtp_server import SmtpServer
from lumira.clients import self_delivery
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import PaymentPage, RefusedDelivery, WebhookEvent, WebhookProbe
from lumira.repositories.events import webhook_probes
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.installation.diagnose import diagnose
from lumira.services.installation.findings import Finding, Level
from lumira.services.retention.remove_expired import remove_expired
from lumira.services.tenants.set_up_webhooks import set_up_webhooks
from lumira.webhooks import handlers  # noqa: F401 - importing the handlers registers their types
from lumira.webhooks.registry import handled_types
from tests.benchmarks.processes import free_address
from tests.support.factories import Brand, count
from tests.support.http_server import Handler, serving
from tests.support.mail_server import Mailbox, running
from tests.support.nginx import nginx
from tests.support.redis_server import RedisServer
from tests.support.web_process import WebProcess, web_process

pytestmark = pytest.mark.usefixtures("app_context")

#: A run of the removal of old rows.
_RUN = (
    "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp) "
    "VALUES ('remove_expired', extract(epoch FROM now())::bigint)"
)

#: Returns what the doctor says about the public address with this `PUBLIC_URL`.
Check = Callable[..., Finding]


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """The web server of this installation, in a process of its own."""
    with web_process(settings, tmp_path_factory.mktemp("web") / "log.txt", WEB_THREADS="2") as running:
        yield running


@pytest.fixture
def check(settings: Settings, tenant: Brand) -> Check:
    def run(public_url: str, brand: Brand = tenant) -> Finding:
        configured = replace(settings, public_url=public_url)
        [found] = [
            finding
            for finding in diagnose(configured, events=[], only_tenant=brand.id)
            if finding.subject == "public address"
        ]
        return found

    return run


@contextmanager
def server(respond: Callable[[Handler, bytes], None]) -> Iterator[str]:
    """Run a server between the Internet and Lumira that responds so; yield its address."""
    with serving(lambda request: respond(request, request.body())) as address:
        yield f"http://{address}"


def passing_on(web: WebProcess, change: Callable[[bytes], bytes]) -> Callable[[Handler, bytes], None]:
    """Respond with the reply of the web server to a changed body."""

    def respond(handler: Handler, body: bytes) -> None:
        signature = handler.headers["Stripe-Signature"]
        url = f"{web.url}{handler.path}"
        reply = requests.post(url, data=change(body), headers={"Stripe-Signature": signature}, timeout=60)
        handler.reply(reply.status_code, reply.content)

    return respond


def test_a_delivery_through_nginx_and_gunicorn_arrives_here_and_leaves_nothing(
    check: Check, web: WebProcess, tenant: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nginx(tmp_path, web.address, name="localhost") as proxy:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.directory / "certificate.pem"))
        found = check(f"https://localhost:{proxy.port}")
    assert (found.level, found.code) == (Level.OK, "public_works")
    for table in (WebhookProbe, WebhookEvent, RefusedDelivery):
        assert count(tenant, table) == 0


def test_a_certificate_of_another_name_is_named_until_it_is_replaced(
    check: Check, web: WebProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nginx(tmp_path, web.address) as proxy:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.directory / "certificate.pem"))
        assert check(f"https://localhost:{proxy.port}").code == "public_tls"


def test_an_address_at_which_nothing_listens_is_named(check: Check, web: WebProcess) -> None:
    assert check(f"http://{free_address()}").code == "public_unreachable"
    assert check(web.url).code == "public_works"


def test_an_address_that_does_not_reply_is_named(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_delivery, "_TIMEOUT", (5, 0.2))
    closing = threading.Event()
    with server(lambda *_: closing.wait(60) and None) as address:
        try:
            assert check(address).code == "public_timeout"
        finally:
            closing.set()


def test_a_redirect_is_named_and_not_followed(check: Check, web: WebProcess) -> None:
    def respond(handler: Handler, _: bytes) -> None:
        handler.reply(308, Location=f"{web.url}{handler.path}")

    with server(respond) as address:
        assert check(address).code == "public_redirects"


def test_another_installation_that_accepts_the_delivery_is_named(check: Check, tenant: Brand) -> None:
    with server(lambda handler, _: handler.reply(200, b'{"received":true}\n')) as address:
        assert check(address).code == "public_other"
    assert count(tenant, WebhookProbe) == 0


@pytest.mark.parametrize(
    "change",
    [lambda body: body + b"\n", lambda body: body.replace(b": ", b":")],
    ids=["line end", "minified"],
)
def test_a_proxy_that_changes_the_body_is_named(check: Check, web: WebProcess, change) -> None:
    with server(passing_on(web, change)) as address:
        assert check(address).code == "public_signature"
    with server(passing_on(web, lambda body: body)) as address:
        assert check(address).code == "public_works"


def test_a_path_that_the_proxy_does_not_pass_is_named_with_its_status(check: Check) -> None:
    with server(lambda handler, _: handler.reply(404, b"Not found")) as address:
        found = check(address)
    assert (found.code, "404" in found.message) == ("public_status", True)


def test_without_a_secret_nothing_is_delivered(settings: Settings, tenant: Brand) -> None:
    with atomic(tenant.id):
        stripe_accounts.remove_webhook_secret(tenant.id, tenant.webhook_secret)
    configured = replace(settings, public_url="http://127.0.0.1:1")
    found = diagnose(configured, events=[], only_tenant=tenant.id)
    assert "public address" not in {finding.subject for finding in found}


def test_a_probe_that_a_killed_process_left_is_removed_after_a_day(
    tenant: Brand, other_tenant: Brand
) -> None:
    for brand, ago in ((tenant, timedelta(days=2)), (other_tenant, timedelta(hours=1))):
        with atomic(brand.id) as session:
            session.get_one(WebhookProbe, (brand.id, webhook_probes.add(brand.id))).created_at = (
                utc_now() - ago
            )
        remove_expired(brand.id)
    assert (count(tenant, WebhookProbe), count(other_tenant, WebhookProbe)) == (0, 1)


def test_a_complete_installation_has_no_warning_and_no_fault(
    settings: Settings,
    web: WebProcess,
    make_brand: Callable[..., Brand],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    brand = make_brand(payment_page=PaymentPage.ELEMENT)
    mailbox, redis = Mailbox(), RedisServer(tmp_path)
    with nginx(tmp_path, web.address, name="localhost") as proxy, running(mailbox) as port:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(proxy.directory / "certificate.pem"))
        complete = replace(
            settings,
            environment="development",
            public_url=f"https://localhost:{proxy.port}",
            redis_url=redis.url,
            smtp=SmtpServer("127.0.0.1", port, "never"),
            mail_from="shop@example.com",
        )
        with atomic(brand.id):
            tenants.set_domains(brand.id, [])
        set_up_webhooks(brand.id, public_url=complete.public_url, events=handled_types(), actor="test")
        with atomic(None) as session:
            session.execute(db.text("INSERT INTO procrastinate_workers DEFAULT VALUES"))
            session.execute(db.text(_RUN))
        redis.start()
        try:
            found = list(diagnose(complete, events=handled_types(), only_tenant=brand.id))
        finally:
            redis.kill()
            with atomic(None) as session:
                session.execute(db.text("DELETE FROM procrastinate_workers"))
                session.execute(db.text("DELETE FROM procrastinate_periodic_defers"))
    # How much of this machine's disk is free does not matter here.
    missing = [each for each in found if each.level is not Level.OK and each.subject != "disk"]
    assert [f"{each.subject}: {each.message} {each.detail}" for each in missing] == []
    assert len({each.subject for each in found}) >= 19

"""An unexpected error is sent to Sentry with its calls, and with nothing that a person typed and no secret."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from flask.testing import FlaskClient

from config.errors import SettingsError
from config.observation import sentry_dsn
from config.settings import ROOT
from lumira.blueprints import stripe
from lumira.clients import sentry
from lumira.errors import NotFound
from lumira.services.program_errors import note_errors
from tests.support.factories import Brand
from tests.support.http_receiver import Receiver, receiving
from tests.support.program_errors import fail_with, log_error, surprise

pytestmark = pytest.mark.usefixtures("app_context")

KEY = "a1b2c3d4e5f6"
#: What is planted in the request, in variables, and in messages.
PLANTED = {
    "name": "Jeanne Martin",
    "e-mail": "jeanne.martin@example.com",
    "card": "4242424242424242",
    "Stripe key": "sk_live_51AbCdEfGhIjKl",
    "bearer": "lum_pk_",
    "cookie": "session-of-jeanne",
    "address": "12 rue des Lilas",
    "query": "token-in-the-query",
}


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiving() as receiver:
        sentry.configure(f"http://{KEY}@{receiver.address}/7", release="0.1.0", environment="production")
        yield receiver
        sentry.configure(None, release="", environment="")
        note_errors.forget()


def events(receiver: Receiver) -> list[dict[str, Any]]:
    """The events in the envelopes that were received."""
    sentry.flush(10)
    found = []
    for path, body in receiver.requests:
        assert path == "/api/7/envelope/"
        header, item, payload = body.split(b"\n")[:3]
        assert json.loads(header)
        assert json.loads(item)["type"] == "event"
        found.append(json.loads(payload))
    return found


def test_an_error_is_sent_with_its_kind_place_and_calls(
    client: FlaskClient, tenant: Brand, received: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, stripe, "view_shop_config")
    client.get("/api/stripe/config", headers={**tenant.publishable, "X-Request-Id": "of-the-client"})
    [event] = events(received)
    assert event["tags"]["place"] == event["transaction"] == "GET /api/stripe/config"
    assert event["tags"]["tenant_id"] == str(tenant.id)
    assert event["tags"]["request_id"] == "of-the-client"
    assert (event["release"], event["environment"]) == ("lumira@0.1.0", "production")
    assert event["fingerprint"] == [event["tags"]["error_id"]]
    [raised] = event["exception"]["values"]
    assert (raised["type"], raised["module"]) == ("Surprise", "tests.support.program_errors")
    own = [frame for frame in raised["stacktrace"]["frames"] if frame["in_app"]]
    assert (own[-1]["filename"], own[-1]["function"]) == ("lumira/blueprints/stripe.py", "show_config")
    assert all("vars" not in frame for frame in raised["stacktrace"]["frames"])


def test_nothing_that_was_planted_is_sent(
    client: FlaskClient, tenant: Brand, received: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_tenant_id: int) -> None:
        local = dict(PLANTED)
        try:
            int(local["name"])
        except ValueError as error:
            message = f"{local['e-mail']} {local['card']} {local['Stripe key']} '{local['address']}'"
            raise RuntimeError(message) from error

    monkeypatch.setattr(stripe, "view_shop_config", fail)
    client.set_cookie("session", PLANTED["cookie"])
    log = structlog.get_logger()
    log.warning("planted", name=PLANTED["name"])
    reply = client.get(
        "/api/stripe/config",
        query_string={"token": PLANTED["query"]},
        headers={**tenant.publishable, "User-Agent": PLANTED["name"], "X-Card": PLANTED["card"]},
        data=json.dumps(PLANTED),
    )
    assert reply.status_code == 500
    [event] = events(received)
    assert [raised["type"] for raised in event["exception"]["values"]] == ["ValueError", "RuntimeError"]
    assert not {"request", "user", "breadcrumbs", "server_name", "modules", "extra"} & {
        name for name, value in event.items() if value
    }
    sent = received.raw.decode()
    assert {what: text for what, text in PLANTED.items() if text in sent} == {}


def test_what_is_expected_is_not_sent(received: Receiver) -> None:
    def refuse() -> None:
        raise NotFound("There is no such order.")

    log_error(refuse)
    assert events(received) == []


def test_without_the_setting_nothing_is_sent_and_the_sdk_is_not_imported() -> None:
    log_error(surprise)
    note_errors.forget()
    assert not sentry.is_configured()
    program = (
        "import sys; from config.settings import Settings; from lumira import create_app\n"
        "create_app(Settings.for_help())\n"
        "print([name for name in sys.modules if name.startswith(('sentry_sdk', 'opentelemetry'))])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert ended.stdout.strip() == "[]"


def test_an_unreachable_sentry_delays_no_request(
    client: FlaskClient, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentry.configure(f"http://{KEY}@127.0.0.1:1/7", release="0.1.0", environment="production")
    try:
        fail_with(monkeypatch, stripe, "view_shop_config")
        assert client.get("/api/stripe/config", headers=tenant.publishable).status_code == 500
        sentry.flush(5)
    finally:
        sentry.configure(None, release="", environment="")
        note_errors.forget()


@pytest.mark.parametrize(
    "dsn", ["https://sentry.example.com/1", "x", "https://k@host/", "https://k@host/abc"]
)
def test_a_malformed_dsn_is_refused_without_being_repeated(dsn: str) -> None:
    with pytest.raises(SettingsError, match="SENTRY_DSN must be") as refused:
        sentry_dsn({"SENTRY_DSN": dsn})
    assert dsn == "x" or dsn not in str(refused.value)


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)
    monkeypatch.setattr("config.observation.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"pip install .* deploy/requirements-extras.txt") as refused:
        sentry_dsn({"SENTRY_DSN": "https://k@sentry.example.com/1"})
    assert "\n" not in str(refused.value)

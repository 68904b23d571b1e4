"""The proxy that `deploy/nginx.conf` describes, in front of the web server."""

import json
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest
from flask import Flask

from config.settings import ROOT, Settings
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.models import WebhookEvent
from tests.benchmarks.processes import free_address
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.nginx import HOST, Proxy, nginx
from tests.support.web_process import web_process

pytestmark = pytest.mark.usefixtures("app_context")

#: Stands for the token of a link.
TOKEN = "tok-7c1e"
REQUESTS_OF_ONE_ADDRESS = "3 per hour"


@pytest.fixture(scope="module")
def proxy(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    directory = tmp_path_factory.mktemp("nginx")
    variables = {"TRUSTED_PROXIES": "1", "WEB_THREADS": "2"}
    with (
        web_process(settings, directory / "lumira.txt", **variables) as web,
        nginx(directory, web.address) as running,
    ):
        yield running


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Proxy]:
    """nginx while no web server runs."""
    with nginx(tmp_path, free_address()) as running:
        yield running


def connect(proxy: Proxy) -> HTTPSConnection:
    context = ssl.create_default_context(cafile=str(proxy.directory / "certificate.pem"))
    context.check_hostname = False
    return HTTPSConnection("127.0.0.1", proxy.port, context=context, timeout=60)


def request(
    proxy: Proxy, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[HTTPResponse, bytes]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(connect(proxy)) as connection:
        connection.request(method, path, body, {"Host": HOST, **names})
        reply = connection.getresponse()
        return reply, reply.read()


def signed(brand: Brand) -> tuple[bytes, str]:
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    return body, stripe_events.signature(body, brand.webhook_secret)


def assert_api_error(reply: HTTPResponse, content: bytes, status: int, code: str) -> None:
    assert reply.status == status, content
    assert reply.headers["Content-Type"] == "application/json"
    error = json.loads(content)
    assert sorted(error) == ["code", "error", "message", "requestId"]
    assert error["code"] == code


def test_a_signed_delivery_passes_byte_for_byte(proxy: Proxy, tenant: Brand) -> None:
    body, signature = signed(tenant)
    path = f"/api/webhooks/stripe/{tenant.slug}"
    reply, content = request(proxy, "POST", path, body, Stripe_Signature=signature)

    assert (reply.status, json.loads(content)) == (200, {"received": True})
    assert count(tenant, WebhookEvent) == 1


def test_plain_http_leads_to_https(proxy: Proxy) -> None:
    with closing(HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)) as connection:
        connection.request("GET", "/checkout/boutique?lang=en", headers={"Host": HOST})
        reply = connection.getresponse()

    assert (reply.status, reply.headers["Location"]) == (308, f"https://{HOST}/checkout/boutique?lang=en")


@pytest.mark.parametrize("path", ["/api/orders", "/metrics"])
def test_a_program_that_uses_plain_http_is_refused_and_not_led_to_https(proxy: Proxy, path: str) -> None:
    with closing(HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)) as connection:
        connection.request("GET", path, headers={"Host": HOST, "Authorization": "Bearer sk"})
        reply = connection.getresponse()
        assert_api_error(reply, reply.read(), 403, "FORBIDDEN")
    assert "Location" not in reply.headers


def test_every_reply_over_https_has_each_security_header_once(proxy: Proxy, alone: Proxy) -> None:
    replies = (
        request(proxy, "GET", "/healthz"),
        request(proxy, "GET", "/nope", Accept="text/html"),
        request(proxy, "GET", "/healthz", X_Long="a" * 9_000),
        request(proxy, "GET", "/healthz?" + "a" * 9_000),
        request(alone, "GET", "/healthz"),
        request(alone, "GET", "/healthz", Accept="text/html"),
    )
    for reply, _ in replies:
        assert reply.headers.get_all("X-Content-Type-Options") == ["nosniff"]
        [policy] = reply.headers.get_all("Content-Security-Policy")
        assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; "))
        assert reply.headers.get_all("Strict-Transport-Security") == ["max-age=63072000"]


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256"])
def test_ciphers_without_forward_secrecy_or_authenticated_encryption_are_refused(
    proxy: Proxy, ciphers: str
) -> None:
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
        handshake(proxy, ciphers)
    assert handshake(proxy, "ECDHE-ECDSA-AES128-GCM-SHA256") == "TLSv1.2"


def handshake(proxy: Proxy, ciphers: str) -> str | None:
    """Connect with TLS 1.2 and these ciphers; return the version."""
    context = ssl.create_default_context(cafile=str(proxy.directory / "certificate.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as encrypted,
    ):
        return encrypted.version()


def test_replies_do_not_name_the_version_of_the_proxy(proxy: Proxy) -> None:
    with closing(HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)) as connection:
        connection.request("GET", "/", headers={"Host": HOST})
        assert connection.getresponse().headers["Server"] == "nginx"


def test_slow_bodies_occupy_no_thread(proxy: Proxy, tenant: Brand) -> None:
    body, signature = signed(tenant)
    with ExitStack() as stack:
        # More than the web server's threads.
        for _ in range(8):
            slow = connect(proxy)
            stack.callback(slow.close)
            slow.putrequest("POST", f"/api/webhooks/stripe/{tenant.slug}")
            slow.putheader("Content-Length", str(len(body)))
            slow.endheaders()
            slow.send(body[:10])
        path = f"/api/webhooks/stripe/{tenant.slug}"
        reply, _ = request(proxy, "POST", path, body, Stripe_Signature=signature)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "length", "status", "code"),
    [
        pytest.param(
            "GET", f"/my/{TOKEN}?" + "a" * 9_000, {}, 0, 414, "REQUEST_URI_TOO_LONG", id="nginx's URL"
        ),
        pytest.param(
            "GET", f"/my/{TOKEN}?" + "a" * 5_000, {}, 0, 414, "REQUEST_URI_TOO_LONG", id="Lumira's URL"
        ),
        pytest.param("GET", "/healthz", {"X_Long": "a" * 9_000}, 0, 431, "HEADERS_TOO_LARGE", id="header"),
        pytest.param(
            "POST", "/api/payments/create-payment-intent", {}, 3_000_000, 413, "PAYLOAD_TOO_LARGE", id="body"
        ),
        pytest.param("GET", "/healthz", {"Content_Length": "x"}, 0, 400, "INVALID_REQUEST", id="malformed"),
    ],
)
def test_what_the_proxy_refuses_gets_the_apis_error(
    proxy: Proxy, method: str, path: str, headers: dict[str, str], length: int, status: int, code: str
) -> None:
    reply, content = request(proxy, method, path, b"a" * length or None, **headers)
    assert_api_error(reply, content, status, code)


def test_while_the_web_server_is_down_programs_get_an_error_and_people_a_page(
    alone: Proxy,
) -> None:
    reply, content = request(alone, "POST", "/api/webhooks/stripe/boutique", b"{}")
    assert_api_error(reply, content, 503, "SERVICE_UNAVAILABLE")
    assert reply.headers["Retry-After"] == "5"

    page, text = request(alone, "GET", "/checkout/boutique", Accept="text/html,*/*;q=0.8")
    assert (page.status, page.headers["Retry-After"]) == (503, "5")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Rechargez la page" in text.decode()


def test_paths_of_links_are_in_no_log(proxy: Proxy, alone: Proxy) -> None:
    secret_paths = (
        f"/my/{TOKEN}",
        f"/my/{TOKEN}/files/1",
        f"/checkout/boutique/return?client_secret={TOKEN}",
    )
    for path in secret_paths:
        request(proxy, "GET", path)
        # nginx would log the path as that of a failed request.
        request(alone, "GET", path)
    request(proxy, "GET", "/healthz")
    request(alone, "GET", "/healthz")

    assert "/healthz" in proxy.logs
    assert "/healthz" in alone.logs
    assert TOKEN not in proxy.logs
    assert TOKEN not in alone.logs


def test_a_caller_cannot_choose_the_address_that_is_counted(
    settings: Settings, tmp_path: Path, tenant: Brand
) -> None:
    variables = {
        "TRUSTED_PROXIES": "1",
        "RATE_LIMITS": "on",
        "RATE_LIMIT_PER_ADDRESS": REQUESTS_OF_ONE_ADDRESS,
    }
    path = f"/checkout/{tenant.slug}"
    with (
        web_process(settings, tmp_path / "lumira.txt", **variables) as web,
        nginx(tmp_path, web.address) as proxy,
    ):
        replies = [
            request(proxy, "GET", path, X_Forwarded_For=f"203.0.113.{number}")[0].status
            for number in range(4)
        ]
    assert replies == [200, 200, 200, 429]


def test_every_upload_passes_the_proxy(app: Flask) -> None:
    uploads = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint in dashboard.access and dashboard.access[rule.endpoint].has_upload
    }
    uploads.add("/api/orders/<reference>/deliverables/<product_id>/files")
    # Of the two limits in the file, the one for uploads has a location of its own.
    [pattern] = re.findall(
        r"location ~ (\S+) \{\s+client_max_body_size 52m;", (ROOT / "deploy" / "nginx.conf").read_text()
    )
    refused = {rule for rule in uploads if not re.search(pattern, re.sub(r"<[^>]+>", "x", rule))}
    assert not refused, "deploy/nginx.conf refuses files of more than 2 MB for these routes"

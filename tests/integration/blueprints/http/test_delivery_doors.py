"""Whichever way a delivery takes through a running web server, its reply and its line in the log are the same."""

import json
import re
import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import Any

import pytest

from config.settings import Settings
from lumira.models import WebhookEvent
from tests.benchmarks.processes import wait_until
from tests.support import stripe_events
from tests.support.factories import Brand, count
from tests.support.web_process import WebProcess, web_process

pytestmark = pytest.mark.usefixtures("app_context")

#: What differs from reply to reply. A connection ends after a body without a length, whoever replies.
OWN = ("Date", "X-Request-Id", "Connection")
#: Gunicorn's own limit is a thousand of a process.
IDLE = 1500
#: What the system allows a process to open.
FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    with web_process(settings, tmp_path_factory.mktemp("web") / "log", WEB_THREADS="1") as process:
        yield process


@dataclass
class Delivery:
    body: bytes
    path: str
    headers: dict[str, str] = field(default_factory=dict)


def in_the_main_loop(delivery: Delivery) -> bytes:
    """The delivery as Stripe sends it."""
    return request(delivery, f"Content-Length: {len(delivery.body)}\r\n", delivery.body)


def in_a_thread(delivery: Delivery) -> bytes:
    """With a header that Gunicorn drops: the fast path of a thread replies."""
    return request(delivery, f"Content-Length: {len(delivery.body)}\r\nX_Dropped: 1\r\n", delivery.body)


def in_the_route(delivery: Delivery) -> bytes:
    """Without a length: the route replies."""
    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(delivery.body), delivery.body)
    return request(delivery, "Transfer-Encoding: chunked\r\n", chunk)


def request(delivery: Delivery, length: str, body: bytes) -> bytes:
    headers = {"Host": "localhost", "Content-Type": "application/json; charset=utf-8"} | delivery.headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {delivery.path} HTTP/1.1\r\n{lines}{length}\r\n".encode() + body


WAYS = (in_the_route, in_a_thread, in_the_main_loop)


def paid(**fields: Any) -> bytes:
    return stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}, **fields))


def signed(brand: Brand, body: bytes, **headers: str) -> Delivery:
    signature = stripe_events.signature(body, brand.webhook_secret)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Delivery(body, f"/api/webhooks/stripe/{brand.slug}", {"Stripe-Signature": signature} | named)


def by_host(brand: Brand) -> Delivery:
    delivery = signed(brand, paid(), Host=brand.domain)
    delivery.path = "/api/stripe/webhook"
    return delivery


def at(path: str) -> Callable[[Brand], Delivery]:
    def delivery(brand: Brand) -> Delivery:
        made = signed(brand, paid())
        made.path = path
        return made

    return delivery


CASES: dict[str, Callable[[Brand], Delivery]] = {
    "a new event": lambda brand: signed(brand, paid()),
    "by the host": by_host,
    "over HTTPS": lambda brand: signed(brand, paid(), X_Forwarded_Proto="https"),
    "with an id": lambda brand: signed(brand, paid(), X_Request_Id="req-1"),
    "with an invalid id": lambda brand: signed(brand, paid(), X_Request_Id="req 1"),
    "from a page": lambda brand: signed(brand, paid(), Origin="https://shop.example"),
    "a long body": lambda brand: signed(brand, paid(data={"object": {"name": "é" * 100_000}})),
    "a wrong signature": lambda brand: signed(brand, paid(), Stripe_Signature="t=1,v1=00"),
    "an escaped secret": lambda brand: signed(brand, paid(data={"object": {"name": "pi_1_secret_abc"}})),
    "of an unknown account": lambda brand: signed(brand, paid(account="acct_of_no_one")),
    "no event": lambda brand: signed(brand, b"[]"),
    "not JSON": lambda brand: signed(brand, b'{"id": '),
    "not UTF-8": lambda brand: signed(brand, b"\xff"),
    "nothing": lambda brand: signed(brand, b""),
    "an unknown tenant": at("/api/webhooks/stripe/no-one"),
    "an unknown path": at("/api/webhooks/other"),
    "a trailing slash": at("/api/webhooks/stripe/"),
}


def read(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    reply = HTTPResponse(connection)
    reply.begin()
    body = reply.read()
    return reply.status, dict(reply.getheaders()), body


def exchange(web: WebProcess, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    with socket.create_connection(web.host_and_port, timeout=60) as connection:
        connection.sendall(sent)
        return read(connection)


def logged(web: WebProcess, request_id: str) -> dict[str, Any]:
    def find() -> list[dict[str, Any]]:
        return [line for line in web.logged("request") if line["request_id"] == request_id]

    # The reply is sent first.
    wait_until(lambda: find() != [], within=30, what="the line in the log")
    [line] = find()
    return {
        name: value
        for name, value in line.items()
        if name not in ("request_id", "ms", "timestamp", "event_id")
    }


@pytest.mark.parametrize("case", CASES)
def test_every_way_replies_and_logs_alike(web: WebProcess, tenant: Brand, case: str) -> None:
    # The first one lets the process know the tenant.
    exchange(web, in_the_main_loop(signed(tenant, paid())))
    exchange(web, in_the_main_loop(by_host(tenant)))
    found, connections = [], []
    for way in WAYS:
        delivery = CASES[case](tenant)
        if "X-Request-Id" in delivery.headers:
            delivery.headers["X-Request-Id"] += way.__name__
        status, headers, body = exchange(web, way(delivery))
        line = logged(web, headers["X-Request-Id"])
        sent_id = delivery.headers.get("X-Request-Id", "")
        has_sent_id = headers["X-Request-Id"] == sent_id
        shown = re.sub(rb'"requestId":"[^"]+"', b"", body)
        without_own = {name: value for name, value in headers.items() if name not in OWN}
        connections.append(headers["Connection"])
        found.append((status, without_own, shown, line, has_sent_id))
    by_route, by_thread, by_loop = found
    assert by_thread == by_route
    assert by_loop == by_route
    assert connections == ["close", "keep-alive", "keep-alive"]


def test_a_delivery_is_accepted_while_all_threads_are_busy(web: WebProcess, tenant: Brand) -> None:
    exchange(web, in_the_main_loop(signed(tenant, paid())))
    head = (
        f"POST /api/orders/ORC-1/deliverables/lecture/files HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
        f"{tenant.secret_key}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "Content-Length: 5000000\r\n\r\n--x\r\n"
    )
    with socket.create_connection(web.host_and_port, timeout=60) as upload:
        upload.sendall(head.encode())
        status, headers, _ = exchange(web, in_the_main_loop(signed(tenant, paid())))
    assert (status, headers["Connection"]) == (200, "keep-alive")
    assert count(tenant, WebhookEvent) == 2


def test_deliveries_on_one_connection_are_answered_in_their_order(web: WebProcess, tenant: Brand) -> None:
    bodies = [paid() for _ in range(4)]
    sent = [
        in_the_main_loop(signed(tenant, body, X_Request_Id=f"{json.loads(body)['id']}")) for body in bodies
    ]
    with socket.create_connection(web.host_and_port, timeout=60) as connection:
        # The first one by itself, two at once, and the last one slowly.
        connection.sendall(sent[0])
        replies = [read(connection)]
        connection.sendall(sent[1] + sent[2])
        replies += [read(connection), read(connection)]
        for part in (sent[3][:20], sent[3][20:-5], sent[3][-5:]):
            connection.sendall(part)
        replies.append(read(connection))
    assert [status for status, _, _ in replies] == [200] * 4
    assert [headers["X-Request-Id"] for _, headers, _ in replies] == [
        json.loads(body)["id"] for body in bodies
    ]
    assert count(tenant, WebhookEvent) == 4


def test_idle_connections_and_clients_that_leave_stop_no_delivery(web: WebProcess, tenant: Brand) -> None:
    idle = [socket.create_connection(web.host_and_port, timeout=60) for _ in range(200)]
    for connection in idle[:50]:
        connection.sendall(in_the_main_loop(signed(tenant, paid()))[:-1])
    for connection in idle[50:100]:
        connection.sendall(in_the_main_loop(signed(tenant, paid())))
        connection.close()
    assert exchange(web, in_the_main_loop(signed(tenant, paid())))[0] == 200
    for connection in idle:
        connection.close()
    assert exchange(web, in_the_main_loop(signed(tenant, paid())))[0] == 200


def test_more_idle_connections_than_a_server_usually_accepts_delay_no_delivery(
    web: WebProcess, tenant: Brand
) -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, FILES), FILES))
    exchange(web, in_the_main_loop(signed(tenant, paid())))
    with ExitStack() as stack:
        # Half of them have had a reply, and the others have sent nothing.
        idle = [
            stack.enter_context(socket.create_connection(web.host_and_port, timeout=60)) for _ in range(IDLE)
        ]
        for connection in idle[: IDLE // 2]:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert {read(connection)[0] for connection in idle[: IDLE // 2]} == {200}
        began = time.monotonic()
        assert exchange(web, in_the_main_loop(signed(tenant, paid())))[0] == 200
        # Connections that have sent nothing are closed after twenty seconds.
        assert time.monotonic() - began < 19

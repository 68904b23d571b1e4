"""Clients that send their requests slowly occupy no thread of the web server, and not for long a connection."""

import json
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse

import pytest
import requests

from config.settings import Settings
from tests.support.factories import Brand
from tests.support.web_process import WebProcess, web_process

pytestmark = pytest.mark.usefixtures("app_context")

THREADS = 4
#: More slow clients than threads.
CLIENTS = 4 * THREADS
LARGE = 5 * 1024 * 1024


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    log = tmp_path_factory.mktemp("web") / "log"
    with web_process(settings, log, WEB_THREADS=str(THREADS)) as process:
        yield process


@pytest.fixture(scope="module")
def impatient(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    log = tmp_path_factory.mktemp("impatient") / "log"
    arguments = "--worker-class tests.support.impatient_worker.ImpatientWorker"
    with web_process(settings, log, WEB_THREADS=str(THREADS), GUNICORN_CMD_ARGS=arguments) as process:
        yield process


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def connect(web: WebProcess, connections: ExitStack, sent: bytes) -> socket.socket:
    connection = connections.enter_context(socket.create_connection(web.host_and_port, timeout=60))
    connection.sendall(sent)
    return connection


def sale(brand: Brand, *, key: str = "", extra: str = "") -> tuple[bytes, bytes]:
    """The headers and the body of a sale."""
    body = json.dumps({"productId": "simple", "customerEmail": "ana@example.com"}).encode()
    headers = (
        "POST /api/payments/create-payment-intent HTTP/1.1\r\nHost: shop\r\n"
        f"Authorization: Bearer {key or brand.publishable_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    )
    return headers.encode(), body


def upload(brand: Brand) -> bytes:
    """The beginning of a file upload."""
    return (
        "POST /api/orders/ORC-1/deliverables/lecture/files HTTP/1.1\r\nHost: shop\r\n"
        f"Authorization: Bearer {brand.secret_key}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {LARGE}\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF'
    ).encode()


def read_reply(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    reply = HTTPResponse(connection)
    reply.begin()
    return reply.status, dict(reply.getheaders()), reply.read()


def assert_catalog_is_answered_before(web: WebProcess, brand: Brand, slow: list[socket.socket]) -> None:
    reply = requests.get(f"{web.url}/api/products", headers=brand.publishable, timeout=60)
    assert reply.status_code == 200
    answered, _, _ = select.select(slow, [], [], 0)
    assert answered == []


def test_unfinished_requests_of_many_clients_occupy_no_thread(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    headers, body = sale(tenant)
    unfinished = [b"", headers[:40], headers[:-2], headers, headers + body[:-1]]
    slow = [connect(web, connections, sent) for sent in unfinished for _ in range(CLIENTS)]

    assert_catalog_is_answered_before(web, tenant, slow)

    # Each of them is answered when it is complete.
    slow[-1].sendall(body[-1:])
    assert read_reply(slow[-1])[0] == 200


def test_slow_uploads_leave_threads_for_everything_else(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    slow = [connect(web, connections, upload(tenant)) for _ in range(CLIENTS)]

    assert_catalog_is_answered_before(web, tenant, slow)


def test_a_request_that_stays_unfinished_gets_a_408(
    impatient: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    headers, body = sale(tenant)
    for sent in (headers[:40], headers, headers + body[:-1], upload(tenant)):
        connection = connect(impatient, connections, sent)
        status, received, content = read_reply(connection)
        reply = json.loads(content)
        assert (status, reply["code"]) == (408, "REQUEST_TIMEOUT")
        assert reply["requestId"] == received["X-Request-Id"]
        assert received["Connection"] == "close"
        assert connection.recv(1) == b""


def test_an_upload_that_finds_no_thread_in_time_gets_a_503(
    impatient: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    slow = [connect(impatient, connections, upload(tenant)) for _ in range(CLIENTS)]
    statuses = {read_reply(connection)[0] for connection in slow}
    assert statuses == {408, 503}


def test_a_connection_without_a_request_is_closed(impatient: WebProcess, connections: ExitStack) -> None:
    assert connect(impatient, connections, b"").recv(1) == b""


def test_clients_that_do_not_close_their_connection_hold_up_no_other(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
    started = time.monotonic()
    for _ in range(CLIENTS):
        assert read_reply(connect(web, connections, request))[0] == 200

    assert_catalog_is_answered_before(web, tenant, [])
    # Gunicorn by itself waits two seconds for each of these clients, in the thread that accepts connections.
    assert time.monotonic() - started < CLIENTS


def test_a_request_that_is_framed_unclearly_occupies_no_thread(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    for sent in (
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    ):
        for _ in range(CLIENTS):
            connect(web, connections, sent)

    assert_catalog_is_answered_before(web, tenant, [])


def test_requests_sent_ahead_on_one_connection_are_answered_in_order(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    headers, body = sale(tenant)
    probe = b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n"
    connection = connect(web, connections, probe + headers + body + probe + headers[:50])

    received = b""
    while received.count(b"HTTP/1.1 200 OK") < 3:
        received += connection.recv(65_536)
    connection.sendall(headers[50:] + body)
    while received.count(b"HTTP/1.1 200 OK") < 4 or received.count(b"orderNumber") < 2:
        received += connection.recv(65_536)
    # The sales, and not the probes, are the second and the fourth.
    assert [b"orderNumber" in reply for reply in received.split(b"HTTP/1.1 200 OK")[1:]] == [False, True] * 2


def test_a_body_that_waits_for_permission_or_has_no_length_is_received(
    web: WebProcess, tenant: Brand, connections: ExitStack
) -> None:
    headers, body = sale(tenant, extra="Expect: 100-continue\r\n")
    connection = connect(web, connections, headers)
    assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
    connection.sendall(body)
    assert read_reply(connection)[0] == 200

    chunked = headers.replace(b"Expect: 100-continue", b"Transfer-Encoding: chunked")
    chunked = chunked.replace(b"Content-Length: %d\r\n" % len(body), b"")
    connection = connect(web, connections, chunked + b"%x\r\n%s\r\n" % (len(body), body))
    connection.sendall(b"0\r\n\r\n")
    assert read_reply(connection)[0] == 200


def test_headers_without_an_end_are_refused(web: WebProcess, connections: ExitStack) -> None:
    connection = connect(web, connections, b"GET / HTTP/1.1\r\nX: ")
    connection.sendall(b"x" * 70_000)
    assert read_reply(connection)[0] == 431

"""A post to the webhook of a team ends in time, whatever its server does."""

import socket
import threading
from collections.abc import Iterator

import pytest

from lumira.clients import team_webhook
from tests.support import private_addresses, slow_server
from tests.support.mail_server import make_certificate
from tests.support.slow_server import SlowServer


@pytest.fixture(autouse=True)
def development() -> Iterator[None]:
    """This machine may be called."""
    with private_addresses.allowed():
        yield


def drip_headers(server: SlowServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-A: ")
    server.drip(connection, b"a")


def drip_status(server: SlowServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 2")
    server.drip(connection, b"0")


def continue_for_ever(server: SlowServer, connection: socket.socket) -> None:
    server.drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_body(server: SlowServer, connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    server.drip(connection, b"a")


def outcome(url: str, *, seconds: float) -> str | None:
    """Post, and return why it was not accepted; fail if the post goes on for ever."""
    failures: list[str] = []

    def post() -> None:
        try:
            team_webhook.post(url, {"text": "Test"}, seconds=seconds)
        except team_webhook.NotAccepted as error:
            failures.append(str(error))

    posting = threading.Thread(target=post, daemon=True)
    posting.start()
    posting.join(30)
    assert not posting.is_alive()
    return failures[0] if failures else None


@pytest.mark.parametrize("respond", [slow_server.silence, drip_headers, drip_status, continue_for_ever])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_completes_its_reply_is_left_at_the_deadline(respond, scheme) -> None:
    with slow_server.running(respond) as server:
        assert outcome(server.url.replace("http", scheme), seconds=0.3) is not None


def test_the_body_of_a_reply_is_not_waited_for() -> None:
    with slow_server.running(drip_body) as server:
        assert outcome(server.url, seconds=25) is None


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 9999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_a_reply_that_is_no_http_is_not_accepted(reply) -> None:
    with slow_server.running(lambda _, connection: connection.sendall(reply)) as server:
        assert "No reply" in str(outcome(server.url, seconds=25))


@pytest.mark.parametrize(
    ("host", "is_trusted", "failure"),
    [
        ("localhost", True, None),
        ("127.0.0.1", True, "No reply: SSLCertVerificationError."),
        ("localhost", False, "No reply: SSLCertVerificationError."),
    ],
)
def test_a_post_goes_to_the_trusted_certificate_of_its_host_only(
    host, is_trusted, failure, tmp_path, monkeypatch
) -> None:
    context, path = make_certificate(tmp_path)
    received: list[bytes] = []

    def respond(_: SlowServer, connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            request = b""
            while not request.endswith(b"}"):
                request += secured.recv(65_536)
            received.append(request)
            secured.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with slow_server.running(respond) as server:
        assert outcome(f"https://{host}:{server.port}/x", seconds=25) == failure
    assert [request.startswith(b"POST /x HTTP/1.1\r\n") for request in received] == [True] * (failure is None)

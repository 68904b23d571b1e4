"""The session of calls to Stripe raises what Stripe's SDK handles."""

import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from lumira.clients import stripe_session
from lumira.clients.stripe_session import StripeSession

REPLY = (
    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nRequest-Id: req_1\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\n{}"
)


def _read(connection: socket.socket) -> bytes:
    """Return a request, with its body if it has one, which may arrive in several parts."""
    request = b""
    while not request.endswith(b"\r\n\r\n" if request.startswith(b"GET") else b"amount=1"):
        part = connection.recv(65536)
        if not part:
            break
        request += part
    return request


@pytest.fixture
def server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that stores each request and redirects it, or does not respond to one for `/silent`."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    silent: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            received.append(_read(connection))
            if b"/silent" in received[-1]:
                silent.append(connection)
                continue
            with connection:
                connection.sendall(REPLY)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
    # A thread that waits in `accept` does not notice that the listener is closed.
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()
    for connection in silent:
        connection.close()
    # The next server may get the same port: no connection to this one may be used for it.
    stripe_session._pool.cache_clear()


def request(url: str, *, patience: float = 60) -> stripe_session.Reply | requests.Response:
    return StripeSession().request(
        "post",
        url,
        headers={"Authorization": "Bearer sk_test"},
        data="amount=1",
        timeout=(60, patience),
        verify=requests.certs.where(),
    )


def test_a_request_is_sent_as_given_and_not_redirected(server: tuple[str, list[bytes]]) -> None:
    address, received = server
    reply = request(f"{address}/v1/customers")
    assert (reply.status_code, reply.content, reply.headers["request-id"]) == (302, b"{}", "req_1")
    [sent] = received
    assert sent.startswith(b"POST /v1/customers HTTP/1.1\r\n")
    assert b"Authorization: Bearer sk_test\r\n" in sent
    assert sent.endswith(b"\r\n\r\namount=1")


def test_a_server_that_does_not_respond_is_a_timeout(server: tuple[str, list[bytes]]) -> None:
    with pytest.raises(requests.exceptions.Timeout):
        request(f"{server[0]}/silent", patience=0.2)


def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    with pytest.raises(requests.exceptions.ConnectionError):
        request(f"http://127.0.0.1:{address[1]}/v1/customers")


def test_a_proxy_of_the_environment_is_used(
    server: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, received = server
    monkeypatch.setenv("HTTP_PROXY", address)
    stripe_session._proxies_of.cache_clear()
    try:
        # The stand-in of a proxy redirects to itself, which a plain session follows.
        with pytest.raises(requests.exceptions.TooManyRedirects):
            request("http://api.stripe.example/v1/customers")
    finally:
        stripe_session._proxies_of.cache_clear()
    assert received[0].startswith(b"POST http://api.stripe.example/v1/customers ")

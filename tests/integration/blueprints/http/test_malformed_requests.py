"""What is not HTTP, or too long for the server, gets the API's error, and neither reply nor log repeats it."""

import json
import socket
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPResponse

import pytest

from config.settings import Settings
from tests.support.web_process import WebProcess, web_process

pytestmark = pytest.mark.usefixtures("app_context")

#: In each of the requests: stands for the token of a link.
TOKEN = "tok-3f9a"


@pytest.fixture(scope="module")
def web(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    with web_process(settings, tmp_path_factory.mktemp("web") / "log") as process:
        yield process


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param(f"GET /my/{TOKEN}\r\n\r\n", 400, "INVALID_REQUEST", id="no version"),
        pytest.param(f"GET /my/{TOKEN} HTTP/9.9\r\n\r\n", 400, "INVALID_REQUEST", id="another version"),
        pytest.param(
            f"GET /my/{TOKEN} HTTP/1.1\r\nHo st: a\r\n\r\n", 400, "INVALID_REQUEST", id="header name"
        ),
        pytest.param(
            f"GET /my/{TOKEN} HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400, "INVALID_REQUEST", id="folded"
        ),
        pytest.param(
            f"POST /my/{TOKEN} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "INVALID_REQUEST",
            id="two lengths",
        ),
        pytest.param(
            f"POST /my/{TOKEN} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chewed\r\n\r\n",
            501,
            "NOT_IMPLEMENTED",
            id="coding",
        ),
        pytest.param(
            f"GET /my/{TOKEN}?{'a' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n",
            414,
            "REQUEST_URI_TOO_LONG",
            id="long URL",
        ),
        pytest.param(
            f"GET /my/{TOKEN} HTTP/1.1\r\nHost: a\r\nX-Long: {'a' * 9000}\r\n\r\n",
            431,
            "HEADERS_TOO_LARGE",
            id="long header",
        ),
        pytest.param(
            f"POST /my/{TOKEN} HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n",
            417,
            "EXPECTATION_FAILED",
            id="expect",
        ),
    ],
)
def test_a_malformed_request_gets_the_apis_error_and_is_not_logged(
    web: WebProcess, sent: str, status: int, code: str
) -> None:
    with socket.create_connection(web.host_and_port, timeout=30) as connection:
        connection.sendall(sent.encode())
        reply = HTTPResponse(connection)
        reply.begin()
        body = reply.read()

    assert reply.status == status, body
    assert reply.headers["Content-Type"] == "application/json"
    error = json.loads(body)
    assert error["error"] == HTTPStatus(status).phrase
    assert error["code"] == code
    assert error["message"]
    assert error["requestId"] == reply.headers["X-Request-Id"]
    assert TOKEN not in body.decode()
    # The line is written before the reply is sent.
    log = web.log.read_text()
    assert error["requestId"] in log
    assert TOKEN not in log

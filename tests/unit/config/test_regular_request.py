"""What is read without Gunicorn's parser, and that it means the same there."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.parser import RequestParser
from gunicorn.http.wsgi import create
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config import regular_request

BODY = b'{"id": "evt_1"}'
CLIENT = ("127.0.0.1", 4321)
#: The server's own keys of an environment.
OF_THE_SERVER = (
    "gunicorn.",
    "SERVER_",
    "SCRIPT_NAME",
    "QUERY_STRING",
    "RAW_URI",
    "REMOTE_PORT",
    "CONTENT_TYPE",
)


def request(
    *headers: str, line: str = "POST /api/webhooks/stripe/orchidee HTTP/1.1", body: bytes = BODY
) -> bytes:
    given_headers = headers or ("Host: pay.example.com", f"Content-Length: {len(body)}")
    return "\r\n".join([line, *given_headers, "", ""]).encode("latin-1") + body


def read(data: bytes) -> tuple[dict[str, str], bytes] | None:
    return regular_request.read(data, client=CLIENT[0], scheme_headers=Config().secure_scheme_headers)


def read_by_gunicorn(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The environment of the one request in these bytes, and its body; raises what Gunicorn's parser raises."""
    parser = RequestParser(Config(), iter([data]), CLIENT)
    parsed = next(parser)
    _, environ = create(parsed, None, CLIENT, ("127.0.0.1", 8000), Config())
    body = environ["wsgi.input"].read()
    if parser.unreader.buf.getvalue():
        raise ParseException("There is a second request.")
    return environ, body


LENGTH = f"Content-Length: {len(BODY)}"


@pytest.mark.parametrize(
    "data",
    [
        request(),
        request(
            "host: a",
            "content-length:15",
            "User-Agent: Stripe/1.0 (+https://stripe.com)",
            "Accept: */*; q=0.5",
        ),
        request(
            "Host: a", LENGTH, "X-Forwarded-Proto: https", "X-Forwarded-Ssl: on", "Connection: Keep-Alive"
        ),
        request("Host: a", "Content-Length: 0", body=b""),
    ],
)
def test_a_regular_request_is_read_as_gunicorn_reads_it(data: bytes) -> None:
    assert_is_read_alike(data)
    assert read(data) is not None


@pytest.mark.parametrize(
    "data",
    [
        request(line="GET /api/webhooks/stripe HTTP/1.1"),
        request(line="post /api/webhooks/stripe HTTP/1.1"),
        request(line="POST /api/webhooks/stripe HTTP/1.0"),
        request(line="POST /api/webhooks/stripe?a=1 HTTP/1.1"),
        request(line="POST /api/webhooks/%73tripe HTTP/1.1"),
        request(line="POST http://a/api/webhooks/stripe HTTP/1.1"),
        request(line="POST  /api/webhooks/stripe HTTP/1.1"),
        request("Content-Length: 15"),
        request("Host: a"),
        request("Host: a", "Host: b", LENGTH),
        request("Host: a", LENGTH, LENGTH),
        request("Host: a", "Content-Length: 015"),
        request("Host: a", "Content-Length: +15"),
        request("Host: a", "Content-Length: 14"),
        request("Host: a", "Content-Length: 16"),
        request("Host: a", LENGTH, "Transfer-Encoding: chunked"),
        request("Host: a", LENGTH, "Expect: 100-continue"),
        request("Host: a", LENGTH, "Connection: close"),
        request("Host: a", LENGTH, "Upgrade: h2c"),
        request("Host: a", LENGTH, "X_Request_Id: 1"),
        request("Host: a", LENGTH, "X-Name : 1"),
        request("Host: a", LENGTH, "X-Name: a\r\n b"),
        request("Host: a", LENGTH, "X-Name: a\tb"),
        request("Host: a", LENGTH, "X-Name: caf\xe9"),
        request("Host: a", LENGTH, "X-Name:"),
        request("Host: a", LENGTH, "X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
        request("Host: a", LENGTH, f"X-Name: {'a' * 9000}"),
        request("Host: a", LENGTH, *(f"X-Name-{n}: a" for n in range(99))),
        request().replace(b"\r\n", b"\n"),
        request()[:-1],
        request() + b"POST",
    ],
)
def test_an_unusual_request_is_left_to_gunicorn(data: bytes) -> None:
    assert read(data) is None


_NAMES = st.sampled_from(
    [
        "Host",
        "Content-Length",
        "Stripe-Signature",
        "X-Forwarded-Proto",
        "X_Forwarded_Proto",
        "Connection",
        "TE",
    ]
) | st.text(st.sampled_from("aZ-_ :\t1"), min_size=1, max_size=6)
_VALUES = st.sampled_from(["15", "a", "https", "http", "keep-alive", "close", " 15 ", "chunked"]) | st.text(
    st.sampled_from("a ,:;=\t\r\n\x00\x0b\x85\xe9"), max_size=6
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(_NAMES, _VALUES), max_size=5), st.sampled_from([BODY, BODY + b"x", b"\r\n" + BODY]))
@example([("Connection", "keep-alive, close")], BODY)
@example([("X-Forwarded-Proto", "HTTPS")], BODY)
def test_whatever_is_read_means_the_same_to_gunicorn(headers: list[tuple[str, str]], body: bytes) -> None:
    assert_is_read_alike(
        request("Host: a", LENGTH, *(f"{name}: {value}" for name, value in headers), body=body)
    )


def assert_is_read_alike(data: bytes) -> None:
    found = read(data)
    if found is None:
        return
    environ, body = found
    by_gunicorn, body_by_gunicorn = read_by_gunicorn(data)
    assert body == body_by_gunicorn
    for name in by_gunicorn:
        if (
            isinstance(by_gunicorn[name], str)
            and not name.startswith(OF_THE_SERVER)
            and name != "SERVER_SOFTWARE"
        ):
            assert environ.get(name) == by_gunicorn[name], name
    assert {name for name in environ if name.startswith("HTTP_")} <= {
        *by_gunicorn,
        "HTTP_CONTENT_TYPE",
        "HTTP_CONTENT_LENGTH",
    }

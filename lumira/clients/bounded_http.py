"""One HTTP exchange with a host that operators name: bounded in time and size, without redirects, on a new connection.

The caller looked the address up (`public_addresses`), and the connection is made to it: a second lookup of the name
could find another one.
"""

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit


class NotSent(Exception):
    """The request was not sent: no connection. The message names the class of the error, and no part of the URL."""


class NoReply(Exception):
    """The request was sent, at least in part, and there is no complete reply: it may have had its effect."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply; `content` is empty if the caller reads none."""

    status: int
    content_type: str
    content: bytes


def default_port(parts: SplitResult) -> int:
    """Return the port of a URL."""
    return parts.port or (443 if parts.scheme == "https" else 80)


def exchange(
    method: str,
    url: str,
    *,
    address: str,
    headers: Mapping[str, str],
    body: bytes | None,
    seconds: tuple[float, float],
    longest: int = 0,
) -> Reply:
    """Send one request to the address and return the reply, of whose content `longest` bytes are accepted.

    `seconds` bounds the connection, and the whole exchange after that. With `longest` 0 the content is not waited for.
    Raises `NotSent` and `NoReply`.
    """
    parts = urlsplit(url)
    connect, rest = seconds
    try:
        connection = socket.create_connection((address, default_port(parts)), timeout=min(connect, rest))
    except OSError as error:
        raise NotSent(type(error).__name__) from None
    with connection, _shut_down_after(rest, connection) as is_over:
        # Each step waits no longer than the deadline; the timer ends a reply that arrives byte by byte.
        connection.settimeout(rest)
        client = _client(connection, parts)
        try:
            client.request(method, _target(parts), body, {"Host": parts.netloc, **headers})
            response = client.getresponse()
            content = _read(response, longest) if longest else b""
            reply = Reply(response.status, response.headers.get("Content-Type", ""), content)
        except (HTTPException, OSError, ValueError) as error:
            raise NoReply(type(error).__name__) from None
        finally:
            client.close()
    # The reader takes the end of the connection for the end of the headers.
    if is_over.is_set():
        raise NoReply(f"incomplete after {rest:g} seconds")
    return reply


def _client(connection: socket.socket, parts: SplitResult) -> HTTPConnection:
    host = parts.hostname or ""
    try:
        client = HTTPConnection(host)
        client.sock = connection
        if parts.scheme == "https":
            client.sock = ssl.create_default_context().wrap_socket(
                connection, server_hostname=host.rstrip(".")
            )
    except (OSError, ValueError, HTTPException) as error:
        raise NotSent(type(error).__name__) from None
    return client


def _target(parts: SplitResult) -> str:
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"


def _read(response: HTTPResponse, longest: int) -> bytes:
    content = response.read(longest + 1)
    if len(content) > longest:
        raise ValueError("longer than is accepted")
    # Reading a given number of bytes does not notice that the connection ended before the announced length.
    if response.length:
        raise HTTPException("truncated")
    return content


@contextmanager
def _shut_down_after(seconds: float, connection: socket.socket) -> Iterator[Event]:
    """Shut the connection down after so many seconds: the timeout of a socket begins again with each byte.

    The event is set then.
    """
    is_over = Event()
    # Shares the connection: the socket itself is detached when TLS wraps it.
    with connection.dup() as shared:

        def shut_down() -> None:
            is_over.set()
            with suppress(OSError):
                shared.shutdown(socket.SHUT_RDWR)

        timer = Timer(seconds, shut_down)
        timer.daemon = True
        timer.start()
        try:
            yield is_over
        finally:
            timer.cancel()
            timer.join()

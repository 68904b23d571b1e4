"""Post to the webhook of a tenant's team: to public addresses only, without following redirects, within a deadline."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from threading import Event, Timer
from urllib.parse import SplitResult, urlsplit

from lumira.clients import public_addresses
from lumira.database import refuse_inside_transaction

#: Seconds to connect, and for the whole exchange after that. Together shorter than the lease of a post.
_CONNECT, _EXCHANGE = 5.0, 10.0
_ACCEPTED = range(200, 300)
#: A reply that may be another one later; any other is the receiver's last word about this URL.
_TEMPORARY = frozenset((408, 425, 429))
_CLIENT_ERRORS = range(300, 500)


class NotAccepted(Exception):
    """The webhook did not accept the post. The message names no part of the URL."""


class RefusedForGood(NotAccepted):
    """The webhook refused the post and will refuse it again, or its address may not be called."""


def post(url: str, body: Mapping[str, object], *, seconds: float = _EXCHANGE) -> None:
    """Post JSON, and return once it was accepted. Raises `NotAccepted`, or `RefusedForGood`."""
    refuse_inside_transaction()
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    # Connected to the address that was checked: a second lookup of the name could find a private one.
    address = _address_of(parts.hostname or "", port)
    try:
        with (
            socket.create_connection((address, port), timeout=min(_CONNECT, seconds)) as connection,
            _shut_down_after(seconds, connection) as is_over,
        ):
            # Each step waits no longer than the deadline; the timer ends a reply that arrives byte by byte.
            connection.settimeout(seconds)
            status = _status_of_reply(connection, parts, json.dumps(body).encode())
    except (HTTPException, OSError, ValueError) as error:
        raise NotAccepted(f"No reply: {type(error).__name__}.") from None
    # The reader takes the end of the connection for the end of the headers.
    if is_over.is_set():
        raise NotAccepted(f"No complete reply within {seconds:g} seconds.")
    if status not in _ACCEPTED:
        is_final = status in _CLIENT_ERRORS and status not in _TEMPORARY
        raise (RefusedForGood if is_final else NotAccepted)(f"The reply has the status {status}.")


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


def _status_of_reply(connection: socket.socket, parts: SplitResult, content: bytes) -> int:
    host = parts.hostname or ""
    client = HTTPConnection(host)
    client.sock = connection
    if parts.scheme == "https":
        client.sock = ssl.create_default_context().wrap_socket(connection, server_hostname=host.rstrip("."))
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "Lumira"}
    try:
        client.request("POST", path, content, headers)
        return client.getresponse().status
    finally:
        client.close()


def _address_of(host: str, port: int) -> str:
    try:
        return public_addresses.address_of(host, port)
    except public_addresses.NoAddress:
        raise NotAccepted("The host name has no address.") from None
    except public_addresses.PrivateAddress:
        raise RefusedForGood("The host has an address that is not public.") from None

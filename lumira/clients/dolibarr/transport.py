"""One call to a tenant's Dolibarr: where it may go, how long it takes, and what its reply means.

The key is sent in a header and stands in no URL and no log. Redirects are not followed, because they would lead the key
elsewhere. A failed call is not repeated here: what a repetition may do depends on the call.
"""

import json
import re
import time
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import structlog

from lumira import tracing
from lumira.clients import bounded_http, public_addresses
from lumira.clients.bounded_http import Reply
from lumira.clients.dolibarr.errors import (
    DolibarrError,
    DolibarrRefused,
    DolibarrUnavailable,
    DolibarrUnknownResult,
    RefusalReason,
)
from lumira.clients.dolibarr.records import DolibarrAccount
from lumira.clients.dolibarr.reply_errors import error_of, read_json
from lumira.database import refuse_inside_transaction

log = structlog.get_logger()

#: Seconds to connect, and for the whole exchange after that: Dolibarr sends its own webhooks inside a call, and waits
#: for their receivers.
TIMEOUT = (5.0, 25.0)
#: A call takes no longer: leases that cover a call are longer. The lookup of the name comes on top.
LONGEST_CALL = timedelta(seconds=sum(TIMEOUT))
#: A hundred invoices with all their keys take about 2 MB.
_LONGEST_REPLY = 4 * 1024 * 1024

#: Named in the `caller` of every write: Dolibarr's webhook returns it as `object.context.caller`.
CALLER = "lumira"

_PATH = "/api/index.php"
_PRINTABLE = re.compile(r"[\x21-\x7e]{1,500}")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_HTTPS, _HTTP, _LAST_RESERVED = 443, 80, 1023
_SUCCESS = range(200, 300)
_NOTHING_TO_DO, _REDIRECTS = 304, range(300, 400)

_private_hosts: frozenset[str] = frozenset()


def configure(private_hosts: Collection[str]) -> None:
    """Allow these hosts to have private addresses and plain HTTP (`DOLIBARR_PRIVATE_HOSTS`)."""
    global _private_hosts  # noqa: PLW0603 - set once, when the application is created
    _private_hosts = frozenset(host.lower() for host in private_hosts)


def check_url(url: str) -> None:
    """Raise `DolibarrRefused` (`bad_url`) unless a Dolibarr may have this URL.

    Over HTTPS, with a host name, no user, query or fragment, and no port of another service, such as mail. In
    development, and for the hosts that the installation names, plain HTTP is accepted as well; for these any port.
    """
    if not _PRINTABLE.fullmatch(url):
        raise _bad_url("contains a space or another character that a URL has not")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _bad_url("is not a URL") from None
    is_private = host in _private_hosts
    if parts.scheme != "https" and not (
        parts.scheme == "http" and (is_private or public_addresses.allows_private())
    ):
        raise _bad_url("must begin with https://")
    # An empty query is none to `urlsplit`, but the path of the API would become its content: any path could be called.
    if not host or "@" in parts.netloc or "?" in url or "#" in url:
        raise _bad_url("must be a host and a path, without user, query and fragment")
    if not is_private and port is not None and port <= _LAST_RESERVED and port not in (_HTTPS, _HTTP):
        raise _bad_url(f"names port {port}, which is that of another service")


def _bad_url(why: str) -> DolibarrRefused:
    return DolibarrRefused(RefusalReason.BAD_URL, f"The URL {why}.")


def get(
    account: DolibarrAccount, operation: str, path: str, query: Mapping[str, object] | None = None
) -> Any:
    """Return what a GET returns. Raises `DolibarrUnavailable` and `DolibarrRefused`."""
    return _call(account, operation, "GET", path, query=query)


def find(
    account: DolibarrAccount, operation: str, path: str, query: Mapping[str, object] | None = None
) -> dict[str, Any] | None:
    """Return one record, or `None` if Dolibarr has none with this id. Raises as `get` does."""
    try:
        found = get(account, operation, path, query)
    except DolibarrRefused as error:
        if error.reason is RefusalReason.NOT_FOUND:
            return None
        raise
    # PHP writes an empty object as an empty list.
    if found == []:
        return None
    if not isinstance(found, dict):
        raise unreadable()
    return found


def get_list(
    account: DolibarrAccount, operation: str, path: str, query: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Return a list, of which some resources send a 404 when it is empty. Raises as `get` does."""
    try:
        found = get(account, operation, path, query)
    except DolibarrRefused as error:
        if error.reason is RefusalReason.NOT_FOUND:
            return []
        raise
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise unreadable()
    return found


def post(account: DolibarrAccount, operation: str, path: str, body: Mapping[str, object]) -> Any:
    """Return what a POST returns; `None` if there was nothing to do. Raises every error of this package."""
    return _call(account, operation, "POST", path, body=body)


def put(account: DolibarrAccount, operation: str, path: str, body: Mapping[str, object]) -> Any:
    """Return what a PUT returns; `None` if there was nothing to do. Raises every error of this package."""
    return _call(account, operation, "PUT", path, body=body)


def unreadable() -> DolibarrRefused:
    """Return the error of a reply that is JSON, but not what Dolibarr sends."""
    return DolibarrRefused(RefusalReason.NOT_DOLIBARR, "The reply is not what Dolibarr's API returns.")


def _call(
    account: DolibarrAccount,
    operation: str,
    method: str,
    path: str,
    *,
    query: Mapping[str, object] | None = None,
    body: Mapping[str, object] | None = None,
) -> Any:
    refuse_inside_transaction()
    started_at = time.monotonic()
    with tracing.span(f"Dolibarr {operation}", "client") as span:
        span.set({"dolibarr.operation": operation})
        try:
            received = _received(account, method, path, query, body)
        except DolibarrError as error:
            # A lookup that finds nothing is no failure.
            is_empty = isinstance(error, DolibarrRefused) and error.reason is RefusalReason.NOT_FOUND
            write = log.info if is_empty and method == "GET" else log.warning
            write(
                "dolibarr_call_failed",
                operation=operation,
                error=type(error).__name__,
                reason=getattr(error, "reason", None),
                ms=_milliseconds_since(started_at),
            )
            raise
    log.info("dolibarr_called", operation=operation, ms=_milliseconds_since(started_at))
    return received


def _milliseconds_since(started_at: float) -> int:
    return round((time.monotonic() - started_at) * 1000)


def _received(
    account: DolibarrAccount,
    method: str,
    path: str,
    query: Mapping[str, object] | None,
    body: Mapping[str, object] | None,
) -> Any:
    reply = _exchange(account, method, path, query, body)
    is_write = method != "GET"
    if reply.status == _NOTHING_TO_DO:
        return None
    if reply.status in _REDIRECTS:
        raise DolibarrRefused(RefusalReason.REDIRECTED, "The address leads to another one.")
    if reply.status not in _SUCCESS:
        raise error_of(reply, is_write=is_write, method=method, key=account.key)
    try:
        return read_json(reply.content)
    except ValueError:
        if is_write:
            raise DolibarrUnknownResult("The reply is not JSON.") from None
        raise DolibarrRefused(RefusalReason.NOT_DOLIBARR, "The reply is not JSON.") from None


def _exchange(
    account: DolibarrAccount,
    method: str,
    path: str,
    query: Mapping[str, object] | None,
    body: Mapping[str, object] | None,
) -> Reply:
    check_url(account.url)
    if not _KEY.fullmatch(account.key):
        raise DolibarrRefused(RefusalReason.WRONG_KEY, "The key contains a character that no key has.")
    url = f"{account.url.rstrip('/')}{_PATH}{path}"
    if query:
        url += f"?{urlencode(query, quote_via=quote)}"
    try:
        return bounded_http.exchange(
            method,
            url,
            address=_address_of(url),
            headers=_headers(account),
            body=None if body is None else json.dumps({**body, "caller": CALLER}).encode(),
            seconds=TIMEOUT,
            longest=_LONGEST_REPLY,
        )
    except bounded_http.NotSent as error:
        raise DolibarrUnavailable(f"No connection: {error}.") from None
    except bounded_http.NoReply as error:
        failure = DolibarrUnavailable if method == "GET" else DolibarrUnknownResult
        raise failure(f"No reply: {error}.") from None


def _headers(account: DolibarrAccount) -> dict[str, str]:
    entity = {} if account.entity is None else {"DOLAPIENTITY": str(account.entity)}
    return {
        "DOLAPIKEY": account.key,
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "Content-Type": "application/json",
        "User-Agent": "Lumira",
        **entity,
    }


def _address_of(url: str) -> str:
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return public_addresses.address_of(
            host, bounded_http.default_port(parts), allow_private=host.lower() in _private_hosts
        )
    except public_addresses.NoAddress:
        raise DolibarrUnavailable("The host name has no address.") from None
    except public_addresses.PrivateAddress:
        raise DolibarrRefused(
            RefusalReason.PRIVATE_ADDRESS, "The host has an address that is not public."
        ) from None

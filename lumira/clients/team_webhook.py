"""Post to the webhook of a tenant's team: to public addresses only, without following redirects."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import urllib3

from lumira.clients import public_addresses
from lumira.database import refuse_inside_transaction

#: Seconds to connect, and for the reply. Together shorter than the lease of a post.
_TIMEOUT = urllib3.Timeout(connect=5.0, read=8.0)
_ACCEPTED = range(200, 300)
#: A reply that may be another one later; any other is the receiver's last word about this URL.
_TEMPORARY = frozenset((408, 425, 429))
_CLIENT_ERRORS = range(300, 500)


class NotAccepted(Exception):
    """The webhook did not accept the post. The message names no part of the URL."""


class RefusedForGood(NotAccepted):
    """The webhook refused the post and will refuse it again, or its address may not be called."""


def post(url: str, body: Mapping[str, object]) -> None:
    """Post JSON, and return once it was accepted. Raises `NotAccepted`, or `RefusedForGood`."""
    refuse_inside_transaction()
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_tls = parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    address = _address_of(host, port)
    # Connected to the address that was checked: a second lookup of the name could find a private one.
    if is_tls:
        pool: urllib3.HTTPConnectionPool = urllib3.HTTPSConnectionPool(
            address, port, timeout=_TIMEOUT, retries=False, server_hostname=host, assert_hostname=host
        )
    else:
        pool = urllib3.HTTPConnectionPool(address, port, timeout=_TIMEOUT, retries=False)
    path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    headers = {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "Lumira"}
    try:
        with pool:
            reply = pool.urlopen(
                "POST", path, json.dumps(body).encode(), headers, redirect=False, preload_content=False
            )
            status = reply.status
            reply.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise NotAccepted(f"No reply: {type(error).__name__}.") from None
    if status not in _ACCEPTED:
        is_final = status in _CLIENT_ERRORS and status not in _TEMPORARY
        raise (RefusedForGood if is_final else NotAccepted)(f"The reply has the status {status}.")


def _address_of(host: str, port: int) -> str:
    try:
        return public_addresses.address_of(host, port)
    except public_addresses.NoAddress:
        raise NotAccepted("The host name has no address.") from None
    except public_addresses.PrivateAddress:
        raise RefusedForGood("The host has an address that is not public.") from None

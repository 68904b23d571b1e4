"""Post to the webhook of a tenant's team: to public addresses only, without following redirects, within a deadline."""

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from lumira.clients import bounded_http, public_addresses
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
    try:
        reply = bounded_http.exchange(
            "POST",
            url,
            address=_address_of(parts.hostname or "", bounded_http.default_port(parts)),
            headers={"Content-Type": "application/json", "User-Agent": "Lumira"},
            body=json.dumps(body).encode(),
            seconds=(_CONNECT, seconds),
        )
    except (bounded_http.NotSent, bounded_http.NoReply) as error:
        raise NotAccepted(f"No reply: {error}.") from None
    status = reply.status
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

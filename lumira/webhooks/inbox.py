"""The inbox: an event is verified and stored in one step, and settled by a worker in another.

The row of an event is the work. `receive` answers once it is committed; `drain` takes what is due.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from cachetools import TTLCache
from sqlalchemy.exc import DBAPIError

from lumira.clients import stripe_signature
from lumira.clock import utc_now
from lumira.database import atomic, inbox_connection
from lumira.domain.stripe_objects import is_storable, read_time
from lumira.errors import WebhookRejected
from lumira.models.columns import uuid7
from lumira.repositories import stripe_accounts

#: Seconds that a dropped secret may still count in a process; a new one is found at once.
_SECRETS_LIFETIME = 10
_secrets: TTLCache[int, list[str]] = TTLCache(maxsize=1024, ttl=_SECRETS_LIFETIME)
_secrets_lock = Lock()
# Begins with what is rare: looking for the ids in front of it would take most of what storing an event takes.
_CLIENT_SECRET = re.compile(r"_secret_[A-Za-z0-9]+")
_ITS_OBJECT = re.compile(r"(?:pi|seti|cs)_[A-Za-z0-9]+\Z")
#: Secrets, ids and the plain part of an address are looked for in the text as it is stored.
_ESCAPED_ASCII = re.compile(rb"\\u00[0-7]")
#: No id is longer (docs.stripe.com/upgrades: what to expect of ids).
_LONGEST_ID = 255
_EPOCH = 0
_NO_EVENT = "Webhook body is not a Stripe event"
#: Stripe's own objects nest about ten deep.
_MAX_DEPTH = 64

_RECEIVE = (
    "SELECT lumira_receive_event(%(tenant)s, %(id)s, %(stripe_id)s, %(created)s, %(type)s, %(version)s, %(live)s, "
    "%(account)s, %(payload)s::json, %(now)s)"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A stored event, as the log tells of it."""

    event_id: str
    event_type: str
    #: Whether it was stored already.
    repeated: bool

    def as_logged(self) -> dict[str, object]:
        """What the line of its request says of it."""
        return {"event_id": self.event_id, "event_type": self.event_type, "repeated": self.repeated}


def receive(tenant_id: int, *, body: bytes, signature: str | None) -> Received:
    """Store a signed event and wake the workers, durably, before this returns.

    `WebhookRejected` if no secret is configured, the signature is wrong, or what was signed is no event.
    """
    if not _is_signed_as_remembered(tenant_id, body, signature):
        _verify(tenant_id, body, signature)
    return _take_in(tenant_id, body)


def receive_as_remembered(tenant_id: int, *, body: bytes, signature: str | None) -> Received | None:
    """The same for an event that a remembered secret signed; `None`, and nothing done, for any other."""
    if not _is_signed_as_remembered(tenant_id, body, signature):
        return None
    return _take_in(tenant_id, body)


def _take_in(tenant_id: int, body: bytes) -> Received:
    event = _read(body)
    is_new = store(tenant_id, event, text=_plain_text(body))
    return Received(event["id"], event["type"], repeated=not is_new)


def _plain_text(body: bytes) -> str | None:
    """A read event that can be kept as it came; `None` if ASCII hides in escapes or in another encoding."""
    if not body.startswith(b"{") or b"\0" in body or _ESCAPED_ASCII.search(body):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def store(tenant_id: int, event: dict[str, Any], *, text: str | None = None) -> bool:
    """Keep an event that is known to be Stripe's, and wake the workers; whether it was new.

    As `text`, where that is given: it says the same. `WebhookRejected` if it is nested so deeply that whoever
    handles it might not be able to read it.
    """
    try:
        payload = json.dumps(event) if text is None else text
    except RecursionError as error:
        raise WebhookRejected(_NO_EVENT) from error
    # Nothing nests deeper than it has brackets, and counting them is quicker than looking.
    if payload.count("{") + payload.count("[") > _MAX_DEPTH and not _is_shallow(event):
        raise WebhookRejected(_NO_EVENT)
    row = {"tenant": tenant_id, "payload": _without_client_secrets(payload), **_row(event)}
    try:
        return _insert(row)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    # The server was restarted, or hung up, since the connection was last used, and all that are as old are
    # forgotten by now. If the event was stored before the answer got lost, this is a repeat, which does nothing.
    return _insert(row)


def _insert(row: dict[str, Any]) -> bool:
    with inbox_connection() as connection:
        [(is_new,)] = connection.execute(_RECEIVE, row).fetchall()
    return bool(is_new)


def _without_client_secrets(payload: str) -> str:
    """Whoever holds the client secret of a payment can see it and pay it: it is not kept."""
    return _CLIENT_SECRET.sub(_redact, payload)


def _redact(secret: re.Match[str]) -> str:
    of = _ITS_OBJECT.search(secret.string, max(0, secret.start() - _LONGEST_ID), secret.start())
    return secret[0] if of is None else "_secret_redacted"


def _is_signed_as_remembered(tenant_id: int, body: bytes, signature: str | None) -> bool:
    with _secrets_lock:
        secrets = _secrets.get(tenant_id)
    return secrets is not None and stripe_signature.is_signed(body, signature, secrets)


def _verify(tenant_id: int, body: bytes, signature: str | None) -> None:
    """Look at the signature with the secrets that the database has: one may have been added since."""
    with atomic(tenant_id):
        secrets = stripe_accounts.list_webhook_secrets(tenant_id)
    with _secrets_lock:
        _secrets[tenant_id] = secrets
    if not secrets:
        raise WebhookRejected("Webhook secret not configured")
    if not stripe_signature.is_signed(body, signature, secrets):
        raise WebhookRejected("Webhook signature verification failed")


def _read(body: bytes) -> dict[str, Any]:
    """The signed event; what has no usable id or type is no event."""
    try:
        event = json.loads(body, parse_constant=_refuse_constant, parse_float=_parse_float)
    except (ValueError, RecursionError) as error:
        raise WebhookRejected(_NO_EVENT) from error
    if not isinstance(event, dict) or not is_storable(event.get("id")) or not is_storable(event.get("type")):
        raise WebhookRejected(_NO_EVENT)
    return event


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON.")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("A number is too large.")
    return number


def _is_shallow(value: object) -> bool:
    """Whether every process can read it again: how deep JSON may nest depends on the stack of who reads it."""
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _parts(outer)]
        if not level:
            return True
    return False


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _row(event: dict[str, Any]) -> dict[str, Any]:
    livemode = event.get("livemode")
    return {
        "id": uuid7(),
        "stripe_id": event["id"],
        # Part of the key, so it must be something even in a signed event without it.
        "created": read_time(event.get("created")) or read_time(_EPOCH),
        "type": event["type"],
        "version": _optional(event.get("api_version")),
        "live": livemode if isinstance(livemode, bool) else None,
        "account": _optional(event.get("account")),
        "now": utc_now(),
    }


def _optional(value: object) -> str | None:
    return value if is_storable(value) else None

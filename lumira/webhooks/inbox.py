"""The inbox: verifies and stores Stripe's events, which workers process later.

The row of an event is the work: `receive` returns once the row is committed, and `process` claims the due rows.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from cachetools import TTLCache
from sqlalchemy.exc import DBAPIError

from lumira import metrics
from lumira.card_numbers import hide_card_numbers
from lumira.clients import stripe_signature
from lumira.clock import utc_now
from lumira.database import atomic, execute_alone
from lumira.domain import webhook_probe
from lumira.domain.stripe_objects import is_storable, read_time
from lumira.errors import WebhookRejected
from lumira.models import RefusalReason
from lumira.models.columns import uuid7
from lumira.repositories import stripe_accounts, webhook_probes
from lumira.webhooks import account_owner, refusals
from lumira.webhooks.registry import counted_as

#: Seconds for which a process may still accept a removed secret; a new secret is accepted at once.
_SECRETS_LIFETIME = 10
_secrets: TTLCache[int, list[str]] = TTLCache(maxsize=1024, ttl=_SECRETS_LIFETIME)
_secrets_lock = Lock()
# Begins with the rare part: searching for the ids in front of it would take most of the time of storing an event.
_CLIENT_SECRET = re.compile(r"_secret_[A-Za-z0-9]+")
_OBJECT_ID = re.compile(r"(?:pi|seti|cs)_[A-Za-z0-9]+\Z")
#: Secrets, ids and the ASCII part of an address are searched in the stored text, so they must not be escaped there.
_ESCAPED_ASCII = re.compile(rb"\\u00[0-7]")
#: The longest id of Stripe (docs.stripe.com/upgrades).
_LONGEST_ID = 255
_EPOCH = 0
#: The messages of the replies to refused deliveries.
_REFUSALS = {
    RefusalReason.NO_EVENT: "Webhook body is not a Stripe event",
    RefusalReason.NO_SECRET: "Webhook secret not configured",
    RefusalReason.SIGNATURE: webhook_probe.SIGNATURE_WRONG,
}
#: Stripe's own objects are nested about ten levels deep.
_MAX_DEPTH = 64

_RECEIVE = (
    "SELECT lumira_receive_event(%(tenant)s, %(id)s, %(stripe_id)s, %(created)s, %(type)s, %(version)s, %(live)s, "
    "%(account)s, %(payload)s::json, %(now)s)"
)


@dataclass(frozen=True, slots=True)
class Received:
    """A stored event."""

    event_id: str
    event_type: str
    #: Whether the event was stored already.
    repeated: bool

    def as_logged(self) -> dict[str, object]:
        """Return the fields that the log line of the request has."""
        return {"event_id": self.event_id, "event_type": self.event_type, "repeated": self.repeated}


class _Refused(WebhookRejected):
    """A delivery that is counted among those that were refused."""

    def __init__(self, reason: RefusalReason) -> None:
        super().__init__(_REFUSALS[reason])
        self.reason = reason


def find_signer(tenant_ids: Sequence[int], *, body: bytes, signature: str | None) -> int:
    """Return the first of these tenants with a secret that verifies the signature; the first of all if none has."""
    if len(tenant_ids) == 1:
        return tenant_ids[0]
    signers = (
        tenant_id
        for tenant_id in tenant_ids
        if _has_cached_signature(tenant_id, body, signature)
        or stripe_signature.is_signed(body, signature, _read_secrets(tenant_id))
    )
    return next(signers, tenant_ids[0])


def receive(tenant_id: int, *, body: bytes, signature: str | None) -> Received:
    """Store a signed event and enqueue its processing; both are committed when this returns.

    An event of a Connect account is stored for the tenant that sells through it, if that one has the same platform key.
    Raises `WebhookRejected` if no secret is configured, the signature is wrong, or the body is not an event.
    """
    try:
        if not _has_cached_signature(tenant_id, body, signature):
            _verify(tenant_id, body, signature)
        event = _parse(body)
        return _store_parsed(account_owner.find_owner(tenant_id, event.get("account")), event, body)
    except _Refused as error:
        refusals.count(tenant_id, error.reason)
        raise


def receive_if_secret_cached(tenant_id: int, *, body: bytes, signature: str | None) -> Received | None:
    """Do the same if neither secret nor owner have to be looked up; otherwise return `None`, and do nothing."""
    if not _has_cached_signature(tenant_id, body, signature):
        return None
    event = _parse(body)
    owner_id = account_owner.find_cached_owner(tenant_id, event.get("account"))
    return None if owner_id is None else _store_parsed(owner_id, event, body)


def _store_parsed(tenant_id: int, event: dict[str, Any], body: bytes) -> Received:
    probe_id = webhook_probe.probe_id_of(event)
    if probe_id is not None:
        # `flask doctor` sent it. It is no event: it changes no figure, and no worker sees it.
        with atomic(tenant_id):
            webhook_probes.note_received(tenant_id, probe_id)
        return Received(event["id"], event["type"], repeated=False)
    is_new = store(tenant_id, event, text=_plain_text(body))
    metrics.EVENTS_RECEIVED.count(counted_as(event["type"]), "stored" if is_new else "repeated")
    return Received(event["id"], event["type"], repeated=not is_new)


def _plain_text(body: bytes) -> str | None:
    """Return the body as text if it can be stored unchanged; `None` if it escapes ASCII or is not UTF-8."""
    if not body.startswith(b"{") or b"\0" in body or _ESCAPED_ASCII.search(body):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def store(tenant_id: int, event: dict[str, Any], *, text: str | None = None) -> bool:
    """Store an event that is known to be Stripe's, and enqueue its processing; returns whether it was new.

    `text` is the event as JSON, if the caller has it. Raises `WebhookRejected` if the event is nested so deeply that
    a worker might not be able to parse it.
    """
    try:
        payload = json.dumps(event) if text is None else text
    except RecursionError as error:
        raise _Refused(RefusalReason.NO_EVENT) from error
    # No event is nested deeper than its number of brackets, and counting brackets is faster than descending.
    if payload.count("{") + payload.count("[") > _MAX_DEPTH and not _is_shallow(event):
        raise _Refused(RefusalReason.NO_EVENT)
    # Stripe sends no card numbers; a buyer or a shop may have entered one in a name, a description or the metadata.
    stored = hide_card_numbers(_without_client_secrets(payload))
    row = {"tenant": tenant_id, "payload": stored, **_row(event)}
    try:
        return _insert(row)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    # The server closed the connection since its last use, and the pool has dropped all connections that are as old.
    # If the event was stored before the response was lost, storing it again does nothing.
    return _insert(row)


def _insert(row: dict[str, Any]) -> bool:
    [(is_new,)] = execute_alone(_RECEIVE, row)
    return bool(is_new)


def _without_client_secrets(payload: str) -> str:
    """Redact client secrets, which give access to a payment and are not needed."""
    return _CLIENT_SECRET.sub(_redact, payload)


def _redact(secret: re.Match[str]) -> str:
    object_id = _OBJECT_ID.search(secret.string, max(0, secret.start() - _LONGEST_ID), secret.start())
    return secret[0] if object_id is None else "_secret_redacted"


def _has_cached_signature(tenant_id: int, body: bytes, signature: str | None) -> bool:
    with _secrets_lock:
        secrets = _secrets.get(tenant_id)
    return secrets is not None and stripe_signature.is_signed(body, signature, secrets)


def _verify(tenant_id: int, body: bytes, signature: str | None) -> None:
    """Verify the signature with the secrets in the database, because one may be newer than the cache."""
    secrets = _read_secrets(tenant_id)
    if not secrets:
        raise _Refused(RefusalReason.NO_SECRET)
    if not stripe_signature.is_signed(body, signature, secrets):
        raise _Refused(RefusalReason.SIGNATURE)


def _read_secrets(tenant_id: int) -> list[str]:
    with atomic(tenant_id):
        secrets = stripe_accounts.list_webhook_secrets(tenant_id)
    with _secrets_lock:
        _secrets[tenant_id] = secrets
    return secrets


def _parse(body: bytes) -> dict[str, Any]:
    """Return the parsed event; raises `WebhookRejected` for a body without a usable id or type."""
    try:
        event = json.loads(body, parse_constant=_refuse_constant, parse_float=_parse_float)
    except (ValueError, RecursionError) as error:
        raise _Refused(RefusalReason.NO_EVENT) from error
    if not isinstance(event, dict) or not is_storable(event.get("id")) or not is_storable(event.get("type")):
        raise _Refused(RefusalReason.NO_EVENT)
    return event


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("A number is too large.")
    return number


def _is_shallow(value: object) -> bool:
    """Return whether every process can parse it: how deep JSON may be nested depends on the stack of the reader."""
    level: list[object] = [value]
    for _ in range(_MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return True
    return False


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _row(event: dict[str, Any]) -> dict[str, Any]:
    livemode = event.get("livemode")
    return {
        "id": uuid7(),
        "stripe_id": event["id"],
        # Part of the unique key, so it needs a value even if the event has none.
        "created": read_time(event.get("created")) or read_time(_EPOCH),
        "type": event["type"],
        "version": _optional(event.get("api_version")),
        "live": livemode if isinstance(livemode, bool) else None,
        "account": _optional(event.get("account")),
        "now": utc_now(),
    }


def _optional(value: object) -> str | None:
    return value if is_storable(value) else None

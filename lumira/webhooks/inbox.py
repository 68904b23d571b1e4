"""The inbox: verifies and stores Stripe's events, which workers process later.

The row of an event is the work: `receive` returns once the row is committed, and `process` claims the due rows.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from cachetools import TTLCache
from sqlalchemy.exc import DBAPIError

from lumira import metrics
from lumira.clients import stripe_signature
from lumira.database import atomic
from lumira.domain import webhook_probe
from lumira.domain.stripe.objects import is_storable
from lumira.models import RefusalReason
from lumira.repositories.events import webhook_probes
from lumira.repositories.tenants import stripe_accounts
from lumira.webhooks import account_owner, refusals
from lumira.webhooks.event_rows import EventRow, insert, plain_text, row_of
from lumira.webhooks.refusals import Refused
from lumira.webhooks.registry import counted_as

#: Seconds for which a process may still accept a removed secret; a new secret is accepted at once.
_SECRETS_LIFETIME = 10
_secrets: TTLCache[int, list[str]] = TTLCache(maxsize=1024, ttl=_SECRETS_LIFETIME)
_secrets_lock = Lock()


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
        text = plain_text(body)
        event = _parse(body, text)
        return _store_parsed(account_owner.find_owner(tenant_id, event.get("account")), event, text)
    except Refused as error:
        refusals.count(tenant_id, error.reason)
        raise


def row_if_cached(tenant_id: int, *, body: bytes, signature: str | None) -> EventRow | None:
    """Return the row of a signed event, without a query; `None` if a secret or the owner has to be looked up.

    Raises `WebhookRejected` if the body is not an event. Nothing is stored and counted here: what is not is left to
    `receive`.
    """
    if not _has_cached_signature(tenant_id, body, signature):
        return None
    text = plain_text(body)
    event = _parse(body, text)
    owner_id = account_owner.find_cached_owner(tenant_id, event.get("account"))
    if owner_id is None or webhook_probe.probe_id_of(event) is not None:
        return None
    return row_of(owner_id, event, text=text)


def _store_parsed(tenant_id: int, event: dict[str, Any], text: str | None) -> Received:
    probe_id = webhook_probe.probe_id_of(event)
    if probe_id is not None:
        # `flask doctor` sent it. It is no event: it changes no figure, and no worker sees it.
        with atomic(tenant_id):
            webhook_probes.note_received(tenant_id, probe_id)
        return Received(event["id"], event["type"], repeated=False)
    row = row_of(tenant_id, event, text=text)
    return count_received(row, is_new=store_row(row))


def count_received(row: EventRow, *, is_new: bool) -> Received:
    """Count an event that a delivery has stored, or that was stored already, and return it."""
    metrics.EVENTS_RECEIVED.count(counted_as(row.type), "stored" if is_new else "repeated")
    return Received(row.stripe_event_id, row.type, repeated=not is_new)


def store(tenant_id: int, event: dict[str, Any]) -> bool:
    """Store an event that is known to be Stripe's, and enqueue its processing; returns whether it was new.

    Raises `WebhookRejected` if the event is nested so deeply that a worker might not be able to parse it.
    """
    return store_row(row_of(tenant_id, event))


def store_row(row: EventRow) -> bool:
    """Store one event, and enqueue its processing; returns whether it was new."""
    try:
        return insert(row)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        # The server closed the connection since its last use, and the pool has dropped all connections that are as old.
        # If the event was stored before the response was lost, storing it again does nothing.
        return insert(row)


def knows_secrets(tenant_id: int) -> bool:
    """Return whether the secrets of a tenant are cached."""
    with _secrets_lock:
        return tenant_id in _secrets


def learn_secrets(tenant_id: int) -> None:
    """Read the secrets of a tenant, so that its next deliveries need no query."""
    _read_secrets(tenant_id)


def _has_cached_signature(tenant_id: int, body: bytes, signature: str | None) -> bool:
    with _secrets_lock:
        secrets = _secrets.get(tenant_id)
    return secrets is not None and stripe_signature.is_signed(body, signature, secrets)


def _verify(tenant_id: int, body: bytes, signature: str | None) -> None:
    """Verify the signature with the secrets in the database, because one may be newer than the cache."""
    secrets = _read_secrets(tenant_id)
    if not secrets:
        raise Refused(RefusalReason.NO_SECRET)
    if not stripe_signature.is_signed(body, signature, secrets):
        raise Refused(RefusalReason.SIGNATURE)


def _read_secrets(tenant_id: int) -> list[str]:
    with atomic(tenant_id):
        secrets = stripe_accounts.list_webhook_secrets(tenant_id)
    with _secrets_lock:
        _secrets[tenant_id] = secrets
    return secrets


def _parse(body: bytes, text: str | None) -> dict[str, Any]:
    """Return the parsed event; raises `WebhookRejected` for a body without a usable id or type.

    `text` is the body, if it was decoded already.
    """
    try:
        event = json.loads(body, cls=_StrictDecoder) if text is None else _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refused(RefusalReason.NO_EVENT) from error
    if not isinstance(event, dict) or not is_storable(event.get("id")) or not is_storable(event.get("type")):
        raise Refused(RefusalReason.NO_EVENT)
    return event


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON.")


def _parse_float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("A number is too large.")
    return number


class _StrictDecoder(json.JSONDecoder):
    """Decodes what every reader of JSON reads alike."""

    def __init__(self) -> None:
        super().__init__(parse_constant=_refuse_constant, parse_float=_parse_float)


#: Made once: making one takes a third of the time of decoding an event.
_DECODER = _StrictDecoder()

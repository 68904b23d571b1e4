"""The rows of Stripe's events as the inbox stores them: redacted and compressed, several with one statement."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from lumira import event_payloads
from lumira.card_numbers import hide_card_numbers
from lumira.clock import utc_now
from lumira.domain.stripe.objects import is_storable, read_time
from lumira.models import RefusalReason
from lumira.models.columns import uuid7
from lumira.single_statements import execute_alone
from lumira.webhooks.refusals import Refused

_CLIENT_SECRET = re.compile(r"_secret_[A-Za-z0-9]+")
_OBJECT_ID = re.compile(r"(?:pi|seti|cs)_[A-Za-z0-9]+\Z")
#: Secrets, ids and the ASCII part of an address are searched in the stored text, so they must not be escaped there.
_ESCAPED_ASCII = re.compile(rb"\\u00[0-7]")
#: The longest id of Stripe (docs.stripe.com/upgrades).
_LONGEST_ID = 255
_EPOCH = datetime.fromtimestamp(0, UTC)
#: Stripe's own objects are nested about ten levels deep.
_MAX_DEPTH = 64
_to_json = json.JSONEncoder(ensure_ascii=False).encode

# The payloads in binary form. One text for all other columns: the driver writes arrays in several times its time.
_RECEIVE = "SELECT lumira_receive_events(%(events)s::jsonb, %(payloads)b::bytea[])"
#: The condition is evaluated before the function, and in its transaction.
RECEIVE_TOGETHER = f"{_RECEIVE} WHERE set_config('lock_timeout', '2s', true) IS NOT NULL"


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event as it is stored."""

    tenant_id: int
    id: UUID
    stripe_event_id: str
    #: Part of the unique key, so it has a value even if the event has none.
    stripe_created_at: datetime
    type: str
    api_version: str | None
    livemode: bool | None
    stripe_account: str | None
    payload: bytes
    received_at: datetime

    @property
    def key(self) -> tuple[int, str, datetime]:
        """What the table has once."""
        return self.tenant_id, self.stripe_event_id, self.stripe_created_at


def row_of(tenant_id: int, event: dict[str, Any], *, text: str | None = None) -> EventRow:
    """Return the row of a new event, without client secrets and card numbers.

    `text` is the event as JSON, if the caller has it. Raises `WebhookRejected` if the event is nested so deeply that
    a worker might not be able to parse it.
    """
    try:
        payload = json.dumps(event) if text is None else text
    except RecursionError as error:
        raise Refused(RefusalReason.NO_EVENT) from error
    # No event is nested deeper than its number of brackets, and counting brackets is faster than descending.
    if _has_many_brackets(payload) and not _is_shallow(event):
        raise Refused(RefusalReason.NO_EVENT)
    livemode = event.get("livemode")
    return EventRow(
        tenant_id=tenant_id,
        id=uuid7(),
        stripe_event_id=event["id"],
        stripe_created_at=read_time(event.get("created")) or _EPOCH,
        type=event["type"],
        api_version=_optional(event.get("api_version")),
        livemode=livemode if isinstance(livemode, bool) else None,
        stripe_account=_optional(event.get("account")),
        # Stripe sends no card numbers; a buyer or a shop may have entered one in a name, a description or the metadata.
        payload=event_payloads.compress(hide_card_numbers(_without_client_secrets(payload))),
        received_at=utc_now(),
    )


def plain_text(body: bytes) -> str | None:
    """Return the body as text if it can be stored unchanged; `None` if it escapes ASCII or is not UTF-8."""
    if not body.startswith(b"{") or b"\0" in body or (b"\\u00" in body and _ESCAPED_ASCII.search(body)):
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def insert(row: EventRow) -> bool:
    """Store an event, and enqueue its processing; return whether it was new."""
    [([is_new],)] = execute_alone(_RECEIVE, as_parameters([row]))
    return bool(is_new)


def receive_together() -> str:
    """Return the statement that stores the events of several deliveries, as PostgreSQL prepares it.

    All or none are committed, each tenant's under its own policies, and their processing is enqueued. They wait for
    locks for a short time only, because one of them would make all others wait.
    """
    return RECEIVE_TOGETHER.replace("%(events)s", "$1").replace("%(payloads)b", "$2")


def in_order_of_locks(rows: Sequence[EventRow]) -> tuple[list[int], list[EventRow]]:
    """Return in which order rows have to be stored, and the rows in it: then two transactions with the same events
    take their locks in the same order."""
    order = sorted(range(len(rows)), key=lambda n: rows[n].key)
    return order, [rows[n] for n in order]


def as_parameters(rows: Sequence[EventRow]) -> dict[str, object]:
    """Return the parameters of a statement that stores these rows, in the order in which they stand in it."""
    return {"events": _to_json(list(map(_as_json, rows))), "payloads": [row.payload for row in rows]}


def _as_json(row: EventRow) -> dict[str, object]:
    """Return what the function of the database reads of a row, but for its payload."""
    return {
        "tenant": row.tenant_id,
        "id": str(row.id),
        "stripe_id": row.stripe_event_id,
        "created": row.stripe_created_at.isoformat(),
        "type": row.type,
        "version": row.api_version,
        "live": row.livemode,
        "account": row.stripe_account,
        "at": row.received_at.isoformat(),
    }


def _without_client_secrets(payload: str) -> str:
    """Redact client secrets, which give access to a payment and are not needed."""
    # The rare part is searched first, and as plain text: a pattern would take ten times as long.
    parts: list[str] = []
    end, found = 0, payload.find("_secret_")
    while found >= 0:
        secret = _CLIENT_SECRET.match(payload, found)
        if secret is not None:
            parts += payload[end:found], _redact(secret)
            end = secret.end()
        found = payload.find("_secret_", found + 1 if secret is None else end)
    return "".join([*parts, payload[end:]]) if parts else payload


def _redact(secret: re.Match[str]) -> str:
    object_id = _OBJECT_ID.search(secret.string, max(0, secret.start() - _LONGEST_ID), secret.start())
    return secret[0] if object_id is None else "_secret_redacted"


def _has_many_brackets(text: str) -> bool:
    """Return whether so many objects and arrays begin in it that one of them could be too deep."""
    number = 0
    for bracket in "{[":
        # Counting all of them reads each character by itself, and takes longer.
        found = text.find(bracket)
        while found >= 0:
            number += 1
            if number > _MAX_DEPTH:
                return True
            found = text.find(bracket, found + 1)
    return False


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


def _optional(value: object) -> str | None:
    return value if is_storable(value) else None

"""Stores the head of each tenant's chain outside the database, once a day, signed with `SECRET_KEY`.

The database's owner can write the whole chain anew, but neither this document in the file storage nor its signature.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

import structlog

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.audit_chain import Head, read_head, sign_head
from lumira.file_errors import FileMissing
from lumira.models import AlertKind
from lumira.repositories import alerts, audit_chain

log = structlog.get_logger()

#: Days whose heads are compared with the chain. The last one proves every link before it; the others show since when
#: the chain differs.
COMPARED_DAYS = 31
_CONTENT_TYPE = "application/json"
#: The first one signs.
_keys: list[bytes] = []


@dataclass(frozen=True, slots=True)
class StoredHead:
    """The document of one day; `head` is `None` if this installation's key did not sign it."""

    day: date
    head: Head | None


def configure(secret_key: str, *, fallbacks: Sequence[str] = ()) -> None:
    """Sign heads with a key that is derived from this one, and accept those of `fallbacks`."""
    _keys[:] = [
        hashlib.sha256(b"lumira.audit-head\0" + key.encode()).digest() for key in (secret_key, *fallbacks)
    ]


def store_head(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Store today's head, if the chain still contains the last stored one; otherwise raise an alert.

    Raises `StorageUnavailable`.
    """
    if is_stopping():
        return
    differences = compare(tenant_id, list_stored(tenant_id))
    now = utc_now()
    with atomic(tenant_id):
        last = audit_chain.find_last(tenant_id)
        if differences:
            alerts.raise_alert(
                tenant_id, kind=AlertKind.AUDIT_CHAIN_BROKEN, subject="audit", reason=differences[0]
            )
        else:
            alerts.resolve(tenant_id, kind=AlertKind.AUDIT_CHAIN_BROKEN, subject="audit")
    if differences:
        log.error("audit_chain_broken", reason=differences[0])
    elif last is not None:
        head = Head(tenant_id, last.sequence, last.digest, now)
        document = BytesIO(sign_head(head, _keys[0]))
        storage.put(name_of(tenant_id, now.date()), document, content_type=_CONTENT_TYPE)


def list_stored(tenant_id: int) -> list[StoredHead]:
    """Return the heads of the last days that are stored, oldest first. Raises `StorageUnavailable`."""
    today = utc_now().date()
    days = [today - timedelta(days=ago) for ago in range(COMPARED_DAYS, -1, -1)]
    return [stored for day in days if (stored := _find_stored(tenant_id, day)) is not None]


def find_newest(tenant_id: int, *, days: int) -> StoredHead | None:
    """Return the newest head of today and so many days before, or `None`. Raises `StorageUnavailable`."""
    today = utc_now().date()
    found = (_find_stored(tenant_id, today - timedelta(days=ago)) for ago in range(days + 1))
    return next((stored for stored in found if stored is not None), None)


def _find_stored(tenant_id: int, day: date) -> StoredHead | None:
    try:
        document = b"".join(storage.read(name_of(tenant_id, day)))
    except FileMissing:
        return None
    head = next((read for key in _keys if (read := read_head(document, key)) is not None), None)
    return StoredHead(day, head if head and head.tenant_id == tenant_id else None)


def compare(tenant_id: int, stored: list[StoredHead]) -> list[str]:
    """Return a sentence for each stored head that the chain disagrees with."""
    sentences = []
    for each in stored:
        if each.head is None:
            sentences.append(
                f"the head of {each.day} was not signed with this SECRET_KEY: it was changed, or the key was"
            )
            continue
        with atomic(tenant_id):
            digest = audit_chain.find_digest(tenant_id, each.head.sequence)
        if digest is None:
            sentences.append(f"the head of {each.day} names link {each.head.sequence}, which was removed")
        elif digest != each.head.digest:
            sentences.append(f"link {each.head.sequence} or one before it was written anew since {each.day}")
    return sentences


def name_of(tenant_id: int, day: date) -> str:
    """Return the name of a day's head in the file storage: it does not depend on any key."""
    random = hashlib.sha256(f"lumira.audit-head.{tenant_id}.{day}".encode()).hexdigest()[:32]
    return f"t{tenant_id}/{random}"

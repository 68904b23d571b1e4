"""Stores the head of each tenant's chains outside the database, once a day, signed with `SECRET_KEY`.

The database's owner can write a whole chain anew, but neither this document in the file storage nor its signature.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

import structlog

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.hash_chain import Head, derive_key, read_head, sign_head
from lumira.errors.files import FileMissing
from lumira.repositories import hash_chains
from lumira.repositories.alerts import alerts
from lumira.repositories.hash_chains import AUDIT, CLOSINGS, RECEIPTS, Chain

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


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many stored heads were read, and a sentence for each that the chain disagrees with, oldest first."""

    heads: int
    differences: list[str]


def configure(secret_key: str, *, fallbacks: Sequence[str] = ()) -> None:
    """Sign heads and archives with a key that is derived from this one, and accept those of `fallbacks`."""
    _keys[:] = [derive_key(key) for key in (secret_key, *fallbacks)]


def signing_keys() -> tuple[bytes, ...]:
    """Return the keys of signatures that are accepted; the first one signs."""
    return tuple(_keys)


def store_heads(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Store today's head of each chain that still contains its last stored one; otherwise raise an alert.

    Documents of test mode state no sale: no head of their chain is stored. Raises `StorageUnavailable`.
    """
    for chain in (AUDIT, RECEIPTS, CLOSINGS):
        if not is_stopping():
            _store_head(chain, tenant_id)


def _store_head(chain: Chain, tenant_id: int) -> None:
    differences = compare(chain, tenant_id).differences
    now = utc_now()
    with atomic(tenant_id):
        last = hash_chains.find_last(chain, tenant_id)
        if differences:
            alerts.raise_alert(tenant_id, kind=chain.alert, subject=chain.name, reason=differences[0])
        else:
            alerts.resolve(tenant_id, kind=chain.alert, subject=chain.name)
    if differences:
        log.error(str(chain.alert), reason=differences[0])
    elif last is not None:
        head = Head(chain.name, tenant_id, last.sequence, last.digest, now)
        document = BytesIO(sign_head(head, _keys[0]))
        storage.put(name_of(chain, tenant_id, now.date()), document, content_type=_CONTENT_TYPE)


def compare(chain: Chain, tenant_id: int) -> Comparison:
    """Compare a chain with its stored heads, newest first, until one agrees: it proves every link before it.

    Raises `StorageUnavailable`.
    """
    differences: list[str] = []
    count = 0
    for stored in _list_stored(chain, tenant_id):
        count += 1
        difference = difference_of(chain, tenant_id, stored)
        if difference is None:
            break
        differences.insert(0, difference)
    return Comparison(count, differences)


def find_newest(chain: Chain, tenant_id: int, *, days: int) -> StoredHead | None:
    """Return the newest head of today and so many days before, or `None`. Raises `StorageUnavailable`."""
    return next(_list_stored(chain, tenant_id, days=days), None)


def _list_stored(chain: Chain, tenant_id: int, *, days: int = COMPARED_DAYS) -> Iterator[StoredHead]:
    """The heads of the last days that are stored, newest first."""
    today = utc_now().date()
    for ago in range(days + 1):
        day = today - timedelta(days=ago)
        try:
            document = b"".join(storage.read(name_of(chain, tenant_id, day)))
        except FileMissing:
            continue
        head = next((read for key in _keys if (read := read_head(document, key)) is not None), None)
        is_own = head is not None and (head.chain, head.tenant_id) == (chain.name, tenant_id)
        yield StoredHead(day, head if is_own else None)


def difference_of(chain: Chain, tenant_id: int, stored: StoredHead) -> str | None:
    """Return a sentence if the chain disagrees with a stored head, or `None`."""
    if stored.head is None:
        return f"the head of {stored.day} was not signed with this SECRET_KEY: it was changed, or the key was"
    with atomic(tenant_id):
        digest = hash_chains.find_digest(chain, tenant_id, stored.head.sequence)
    if digest is None:
        return f"the head of {stored.day} names link {stored.head.sequence}, which was removed"
    if digest != stored.head.digest:
        return f"link {stored.head.sequence} or one before it was written anew since {stored.day}"
    return None


def name_of(chain: Chain, tenant_id: int, day: date) -> str:
    """Return the name of a day's head in the file storage: it does not depend on any key."""
    random = hashlib.sha256(f"lumira.{chain.name}-head.{tenant_id}.{day}".encode()).hexdigest()[:32]
    return f"t{tenant_id}/{random}"

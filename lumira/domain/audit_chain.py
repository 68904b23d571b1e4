"""The hash chain over a tenant's audit log, and the signed heads that are stored outside the database.

Each link holds the SHA-256 of the link before it and of its entry. To change, remove or insert an entry,
every later link must be written anew; a head that was stored elsewhere meanwhile names the old digest.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

#: The digest before the first link.
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Entry:
    """The content of an audit entry."""

    tenant_id: int
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain at some time: it proves this link and all before it."""

    tenant_id: int
    sequence: int
    digest: bytes
    at: datetime


def digest_of(previous: bytes, entry: Entry) -> bytes:
    """Return the digest of the link that follows the link with digest `previous`."""
    content = [
        entry.tenant_id,
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
    ]
    # The text must be the same for the same values for ever: sorted keys, no spaces, ASCII.
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def sign_head(head: Head, key: bytes) -> bytes:
    """Return a head as a JSON document with its signature."""
    return json.dumps({**_fields(head), "signature": _signature(head, key)}, indent=2).encode() + b"\n"


def read_head(document: bytes, key: bytes) -> Head | None:
    """Return the head of a document; `None` if this key did not sign it."""
    try:
        stored = json.loads(document)
        head = Head(
            tenant_id=int(stored["tenant"]),
            sequence=int(stored["sequence"]),
            digest=bytes.fromhex(stored["digest"]),
            at=datetime.fromisoformat(stored["at"]),
        )
        signature = str(stored["signature"])
    except (ValueError, KeyError, TypeError):
        return None
    return head if hmac.compare_digest(signature.encode(), _signature(head, key).encode()) else None


def _fields(head: Head) -> dict[str, Any]:
    return {
        "tenant": head.tenant_id,
        "sequence": head.sequence,
        "digest": head.digest.hex(),
        "at": head.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }


def _signature(head: Head, key: bytes) -> str:
    return hmac.new(key, json.dumps(_fields(head), sort_keys=True).encode(), hashlib.sha256).hexdigest()

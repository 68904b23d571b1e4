"""A chain of SHA-256 digests over a tenant's rows, and the signed heads that are stored outside the database.

Each link holds the digest of the link before it and of the content of its row. To change, remove or insert a row,
every later link must be written anew; a head that was stored elsewhere meanwhile names the old digest.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

#: The digest before the first link.
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Head:
    """The last link of a chain at some time: it proves this link and all before it."""

    #: The name of the chain: a tenant has several.
    chain: str
    tenant_id: int
    sequence: int
    digest: bytes
    at: datetime


def next_digest(previous: bytes, content: str) -> bytes:
    """Return the digest of the link that follows the link with digest `previous`."""
    return hashlib.sha256(previous + content.encode()).digest()


def derive_key(secret_key: str) -> bytes:
    """Return the key that signs heads and archives."""
    return hashlib.sha256(b"lumira.audit-head\0" + secret_key.encode()).digest()


def sign(document: dict[str, Any], key: bytes) -> bytes:
    """Return a JSON document with its signature."""
    return json.dumps({**document, "signature": _signature(document, key)}, indent=2).encode() + b"\n"


def read_signed(document: bytes, key: bytes) -> dict[str, Any] | None:
    """Return the content of a signed JSON document; `None` if this key did not sign it."""
    try:
        content = json.loads(document)
        signature = str(content.pop("signature"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    # As bytes: `compare_digest` takes only ASCII as text.
    is_valid = hmac.compare_digest(signature.encode("utf-8", "replace"), _signature(content, key).encode())
    return content if is_valid else None


def sign_head(head: Head, key: bytes) -> bytes:
    """Return a head as a JSON document with its signature."""
    fields = {
        "chain": head.chain,
        "tenant": head.tenant_id,
        "sequence": head.sequence,
        "digest": head.digest.hex(),
        "at": head.at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return sign(fields, key)


def read_head(document: bytes, key: bytes) -> Head | None:
    """Return the head of a document; `None` if this key did not sign it, or it is no head."""
    stored = read_signed(document, key)
    if stored is None:
        return None
    try:
        return Head(
            chain=str(stored["chain"]),
            tenant_id=int(stored["tenant"]),
            sequence=int(stored["sequence"]),
            digest=bytes.fromhex(stored["digest"]),
            at=datetime.fromisoformat(stored["at"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _signature(document: dict[str, Any], key: bytes) -> str:
    return hmac.new(key, json.dumps(document, sort_keys=True).encode(), hashlib.sha256).hexdigest()

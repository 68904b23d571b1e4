"""API keys: shown once when they are created, stored as hashes."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, text

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import ApiKey, KeyKind

_PREFIX = {KeyKind.PUBLISHABLE: "lum_pk_", KeyKind.SECRET: "lum_sk_"}
_SHAPE = re.compile(r"lum_(?:pk|sk)_([0-9a-f]{16})([A-Za-z0-9_-]{43})")
#: Where a token begins: other systems' random tokens may contain the same letters further on.
_NAMED = re.compile(r"(?:\A|[\s,])lum_")


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """The primary key of an API key's row; the key itself is not verified yet."""

    tenant_id: int
    key_id: UUID


def create(tenant_id: int, kind: KeyKind) -> str:
    """A new key in clear. Only its hash is stored, so the key cannot be shown again."""
    lookup = secrets.token_hex(8)
    key = f"{_PREFIX[kind]}{lookup}{secrets.token_urlsafe(32)}"
    db.session.add(ApiKey(tenant_id=tenant_id, kind=kind, lookup=lookup, digest=digest(key)))
    db.session.flush()
    return key


def is_secret(key: str) -> bool:
    """Whether the key has the prefix of a secret key; it may not exist."""
    return key.startswith(_PREFIX[KeyKind.SECRET])


def is_named_in(credentials: str) -> bool:
    """Whether these credentials are meant to be an API key of Lumira, valid or not."""
    return _NAMED.search(credentials) is not None


def digest(key: str) -> str:
    """The stored hash of a key. A key has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_address(key: str) -> KeyAddress | None:
    """The row that this key may belong to; callable outside any tenant."""
    shape = _SHAPE.fullmatch(key)
    if shape is None:
        return None
    row = db.session.execute(
        text("SELECT tenant_id, id FROM lumira_find_api_key(:lookup)"), {"lookup": shape[1]}
    ).one_or_none()
    return None if row is None else KeyAddress(row.tenant_id, row.id)


def find_verified(address: KeyAddress, key: str) -> ApiKey | None:
    """The row of the key; `None` if the key is wrong or revoked. It may have expired. Compares in constant time."""
    row = db.session.get(ApiKey, (address.tenant_id, address.key_id))
    if row is None or row.revoked_at is not None:
        return None
    return row if hmac.compare_digest(row.digest, digest(key)) else None


def find_kind(address: KeyAddress, key: str) -> KeyKind | None:
    """The kind of the key; `None` if the key is wrong, revoked or expired."""
    row = find_verified(address, key)
    return None if row is None or row.has_expired(utc_now()) else row.kind


def list_keys(tenant_id: int) -> list[ApiKey]:
    """All keys of the tenant, oldest first, revoked ones included."""
    return list(
        db.session.execute(select(ApiKey).where(ApiKey.tenant_id == tenant_id).order_by(ApiKey.id)).scalars()
    )


def lock(tenant_id: int, lookup: str) -> ApiKey | None:
    """Lock and return the key with these 16 lookup digits; `None` if the tenant has none."""
    query = select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.lookup == lookup)
    return db.session.execute(query.with_for_update()).scalar_one_or_none()


def get(tenant_id: int, key_id: UUID) -> ApiKey:
    """The row of a key by its id."""
    return db.session.get_one(ApiKey, (tenant_id, key_id))


def revoke(tenant_id: int, lookup: str) -> bool:
    """Revoke the key with these 16 lookup digits; returns `False` if the tenant has none."""
    row = lock(tenant_id, lookup)
    if row is None:
        return False
    row.revoked_at = row.revoked_at or utc_now()
    return True

"""API keys: shown once, kept as hashes."""

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


@dataclass(frozen=True, slots=True)
class KeyAddress:
    """Where the row of a key is; says nothing of whether the key is right."""

    tenant_id: int
    key_id: UUID


def create(tenant_id: int, kind: KeyKind) -> str:
    """A new key, in clear for the only time; its hash is what stays."""
    lookup = secrets.token_hex(8)
    key = f"{_PREFIX[kind]}{lookup}{secrets.token_urlsafe(32)}"
    db.session.add(ApiKey(tenant_id=tenant_id, kind=kind, lookup=lookup, digest=digest(key)))
    db.session.flush()
    return key


def is_secret(key: str) -> bool:
    """Whether it is written as a secret key is; nothing is said of whether there is such a key."""
    return key.startswith(_PREFIX[KeyKind.SECRET])


def digest(key: str) -> str:
    """What is kept of a key. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_address(key: str) -> KeyAddress | None:
    """Whose key this might be; works without a tenant."""
    shape = _SHAPE.fullmatch(key)
    if shape is None:
        return None
    row = db.session.execute(
        text("SELECT tenant_id, id FROM lumira_find_api_key(:lookup)"), {"lookup": shape[1]}
    ).one_or_none()
    return None if row is None else KeyAddress(row.tenant_id, row.id)


def find_kind(address: KeyAddress, key: str) -> KeyKind | None:
    """What the key may do, or `None` if it is not this key or it was revoked. Compared in constant time."""
    known = db.session.get(ApiKey, (address.tenant_id, address.key_id))
    if known is None or known.revoked_at is not None:
        return None
    return known.kind if hmac.compare_digest(known.digest, digest(key)) else None


def list_keys(tenant_id: int) -> list[ApiKey]:
    """All keys of the tenant, oldest first, revoked ones too."""
    return list(
        db.session.execute(select(ApiKey).where(ApiKey.tenant_id == tenant_id).order_by(ApiKey.id)).scalars()
    )


def revoke(tenant_id: int, lookup: str) -> bool:
    """Refuse the key whose first 16 digits these are from now on; `False` if there is none such."""
    known = db.session.execute(
        select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.lookup == lookup).with_for_update()
    ).scalar_one_or_none()
    if known is None:
        return False
    known.revoked_at = known.revoked_at or utc_now()
    return True

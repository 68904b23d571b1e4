"""Proofs of an installation's keys: an archive contains no key, and the other installation sees which ones it lacks."""

import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import Any

from lumira import encryption
from lumira.services.chains import heads

_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class MissingKeys:
    """Which keys of the installation that wrote an archive this one does not have."""

    secret_key: bool
    encryption_keys: bool


def make_proofs() -> dict[str, Any]:
    """Return proofs of SECRET_KEY, its fallbacks, and each of LUMIRA_ENCRYPTION_KEYS."""
    salt = os.urandom(_SALT_BYTES)
    return {"salt": salt.hex(), "secret": _secret_proofs(salt), "encryption": encryption.proofs(salt)}


def find_missing(proofs: dict[str, Any]) -> MissingKeys:
    """Compare the keys that this installation accepts with those of an archive."""
    salt = bytes.fromhex(proofs["salt"])
    return MissingKeys(
        secret_key=not set(proofs["secret"]) <= set(_secret_proofs(salt)),
        encryption_keys=not set(proofs["encryption"]) <= set(encryption.proofs(salt)),
    )


def _secret_proofs(salt: bytes) -> list[str]:
    return [
        hmac.new(key, b"lumira.key-proof\0" + salt, hashlib.sha256).hexdigest()
        for key in heads.signing_keys()
    ]

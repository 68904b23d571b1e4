"""Tokens of operators: of their sessions, which are random, and of links, each of which names a row."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer

#: Where the links lead.
_PATH = "/dashboard/-/set-up"


@dataclass(frozen=True, slots=True)
class InvitationAddress:
    """The invitation that a token names, whether or not it is open."""

    tenant_id: int
    invitation_id: UUID


@dataclass(frozen=True, slots=True)
class ResetAddress:
    """The reset that a token names, whether or not it is open."""

    operator_id: UUID
    reset_id: UUID


@dataclass(frozen=True, slots=True)
class _Configured:
    serializer: URLSafeSerializer
    public_url: str | None


_configured: list[_Configured] = []


def configure(secret_key: str, *, fallbacks: Sequence[str] = (), public_url: str | None) -> None:
    """Use this key for signatures and `public_url` as the base of URLs; what `fallbacks` signed is accepted."""
    signer = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    _configured[:] = [
        _Configured(
            URLSafeSerializer([*fallbacks, secret_key], salt="lumira.operator-link", signer_kwargs=signer),
            public_url,
        )
    ]


def sign(address: InvitationAddress | ResetAddress) -> str:
    """Return the token of a link; always the same, so that an e-mail that is composed again has the same content."""
    if isinstance(address, InvitationAddress):
        values = ["i", address.tenant_id, str(address.invitation_id)]
    else:
        values = ["r", str(address.operator_id), str(address.reset_id)]
    return str(_configured[0].serializer.dumps(values))


def read(token: str) -> InvitationAddress | ResetAddress | None:
    """Return what a valid token names; `None` for any other text."""
    try:
        kind, owner, row = _configured[0].serializer.loads(token)
    except BadSignature:
        return None
    if kind == "i":
        return InvitationAddress(owner, UUID(row))
    return ResetAddress(UUID(owner), UUID(row))


def path_of(address: InvitationAddress | ResetAddress) -> str:
    """Return the path of a link."""
    return f"{_PATH}/{sign(address)}"


def url_of(address: InvitationAddress | ResetAddress) -> str | None:
    """Return the URL of a link; `None` if no public URL is configured."""
    base = _configured[0].public_url
    return None if base is None else f"{base}{path_of(address)}"


def new_session_token() -> str:
    """Return a new token of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return the stored hash of a session's token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()

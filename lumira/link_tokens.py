"""Tokens in URLs of the portal and of withdrawals: ids, signed; the token itself is not stored."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from itsdangerous import BadSignature, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

#: How long a page may stay open before its form is sent.
FORM_LIFETIME = timedelta(hours=2)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{27}\.[A-Za-z0-9_-]{43}")
_TENANT_BYTES = 4
#: Of base 64, in the order of its values (RFC 4648, section 5).
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_ID_BYTES = 16
#: A time in seconds.
_TIME_BYTES = 5
#: The first part of the path of the withdrawal pages, by language.
WITHDRAWAL_PATHS = {"fr": "/retractation", "en": "/withdrawal"}
_WITHDRAWAL_TOKEN = re.compile(r"[A-Za-z0-9_-]{34}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """The link that a token identifies, whether or not the link is live."""

    tenant_id: int
    link_id: UUID


@dataclass(frozen=True, slots=True)
class WithdrawalAddress:
    """A withdrawal that was requested by order number and e-mail address, and when, in whole seconds."""

    tenant_id: int
    order_id: UUID
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class _Configured:
    links: Signer
    withdrawals: Signer
    forms: TimestampSigner
    public_url: str | None


_configured: list[_Configured] = []


def configure(secret_key: str, *, fallbacks: Sequence[str] = (), public_url: str | None) -> None:
    """Use this key for signatures, and `public_url` as the base of URLs; without it no URL can be made.

    What one of `fallbacks` signed is accepted too.
    """
    # The last one signs.
    keys = [*fallbacks, secret_key]
    _configured[:] = [
        _Configured(
            _signer(keys, "lumira.access-link"),
            _signer(keys, "lumira.withdrawal"),
            TimestampSigner(
                keys,
                salt="lumira.access-link.form",
                key_derivation="hmac",
                digest_method=hashlib.sha256,
            ),
            public_url,
        )
    ]


def _signer(keys: list[str], salt: str) -> Signer:
    return Signer(keys, salt=salt, key_derivation="hmac", digest_method=hashlib.sha256)


def sign(address: LinkAddress) -> str:
    """Return the token of a link; always the same, so that an e-mail that is composed again has the same content."""
    packed = address.tenant_id.to_bytes(_TENANT_BYTES) + address.link_id.bytes
    return _configured[0].links.sign(base64_encode(packed)).decode()


def read(token: str) -> LinkAddress | None:
    """Return the link of a valid token; `None` for any other."""
    if not _TOKEN.fullmatch(token):
        return None
    packed = _unsign(_configured[0].links, token)
    if packed is None:
        return None
    return LinkAddress(int.from_bytes(packed[:_TENANT_BYTES]), UUID(bytes=packed[_TENANT_BYTES:]))


def _unsign(signer: Signer, token: str) -> bytes | None:
    """Return what was signed; `None` if no key signed it, or if it is written otherwise than it was signed."""
    try:
        packed = base64_decode(signer.unsign(token))
    except BadSignature:
        return None
    # The last base64 character has spare bits: without this check several tokens would identify one link.
    written = b".".join(base64_encode(base64_decode(part)) for part in token.split("."))
    return packed if written == token.encode() else None


def has_public_url() -> bool:
    """Whether portal URLs can be made."""
    return _configured[0].public_url is not None


def url_of(address: LinkAddress) -> str | None:
    """Return the URL of the portal; `None` if no public URL is configured."""
    base = _configured[0].public_url
    return None if base is None else f"{base}/my/{sign(address)}"


def sign_withdrawal(address: WithdrawalAddress) -> str:
    """Return the token of a requested withdrawal; always the same."""
    seconds = int(address.requested_at.timestamp()).to_bytes(_TIME_BYTES)
    packed = address.tenant_id.to_bytes(_TENANT_BYTES) + address.order_id.bytes + seconds
    return _configured[0].withdrawals.sign(base64_encode(packed)).decode()


def read_withdrawal(token: str) -> WithdrawalAddress | None:
    """Return the requested withdrawal of a valid token, however old; `None` for any other."""
    if not _WITHDRAWAL_TOKEN.fullmatch(token):
        return None
    packed = _unsign(_configured[0].withdrawals, token)
    if packed is None:
        return None
    tenant_id, rest = int.from_bytes(packed[:_TENANT_BYTES]), packed[_TENANT_BYTES:]
    requested_at = datetime.fromtimestamp(int.from_bytes(rest[_ID_BYTES:]), UTC)
    return WithdrawalAddress(tenant_id, UUID(bytes=rest[:_ID_BYTES]), requested_at)


def withdrawal_path(slug: str, language: str) -> str:
    """Return the path of a tenant's withdrawal page."""
    return f"{WITHDRAWAL_PATHS[language]}/{slug}"


def public_url_of(path: str) -> str | None:
    """Return the public URL of a path; `None` if no public URL is configured."""
    base = _configured[0].public_url
    return None if base is None else f"{base}{path}"


def sign_form(token: str) -> str:
    """Return the signature of the form on the page of `token`, so that only that page can send it."""
    return _configured[0].forms.sign(_fingerprint(token)).decode()


def is_form_of(token: str, signed: str) -> bool:
    """Whether the signature is of a form on the page of `token`, and not older than `FORM_LIFETIME`."""
    try:
        fingerprint = _configured[0].forms.unsign(signed, max_age=int(FORM_LIFETIME.total_seconds()))
    except BadSignature:
        return False
    return hmac.compare_digest(fingerprint, _fingerprint(token).encode())


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def tokens_of(tenant_id: int) -> str:
    """Return a regular expression for the beginning of the token of every link of a tenant's portal.

    For a web server that leads the links of a moved tenant to another installation.
    """
    packed = tenant_id.to_bytes(_TENANT_BYTES)
    first, last = (base64_encode(packed + byte * _ID_BYTES).decode() for byte in (b"\0", b"\xff"))
    # Four bytes are five characters and two bits of the sixth one.
    same = _TENANT_BYTES * 8 // 6
    possible = _ALPHABET[_ALPHABET.index(first[same]) : _ALPHABET.index(last[same]) + 1]
    # The dash is the last but one character: only as the last one of a class it means itself.
    return f"{first[:same]}[{''.join(sorted(possible, key=lambda character: character == '-'))}]"

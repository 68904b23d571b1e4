"""What stands in the address of a buyer's page: an id, signed here and kept nowhere."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from itsdangerous import BadSignature, Signer, TimestampSigner
from itsdangerous.encoding import base64_decode, base64_encode

#: How long a form may lie open before it is sent.
FORM_LIFETIME = timedelta(hours=2)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{27}\.[A-Za-z0-9_-]{43}")
_TENANT_BYTES = 4


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """Which link an address names; whether it still opens anything is another question."""

    tenant_id: int
    link_id: UUID


@dataclass(frozen=True, slots=True)
class _Configured:
    links: Signer
    forms: TimestampSigner
    public_url: str | None


_configured: list[_Configured] = []


def configure(secret_key: str, *, public_url: str | None) -> None:
    """Sign with this key from now on; addresses begin with `public_url`, and without it there are none."""
    _configured[:] = [
        _Configured(
            Signer(
                secret_key, salt="lumira.access-link", key_derivation="hmac", digest_method=hashlib.sha256
            ),
            TimestampSigner(
                secret_key,
                salt="lumira.access-link.form",
                key_derivation="hmac",
                digest_method=hashlib.sha256,
            ),
            public_url,
        )
    ]


def sign(address: LinkAddress) -> str:
    """The same text for the same link, always: a letter that is written again says the same."""
    packed = address.tenant_id.to_bytes(_TENANT_BYTES) + address.link_id.bytes
    return _configured[0].links.sign(base64_encode(packed)).decode()


def read(token: str) -> LinkAddress | None:
    """The link that was signed here, or `None`, whatever is wrong with it."""
    if not _TOKEN.fullmatch(token):
        return None
    try:
        packed = base64_decode(_configured[0].links.unsign(token))
    except BadSignature:
        return None
    address = LinkAddress(int.from_bytes(packed[:_TENANT_BYTES]), UUID(bytes=packed[_TENANT_BYTES:]))
    # The last letter of base64 holds spare bits, so that several texts would mean the same.
    return address if hmac.compare_digest(sign(address), token) else None


def has_public_url() -> bool:
    """Whether links can be made at all."""
    return _configured[0].public_url is not None


def url_of(address: LinkAddress) -> str | None:
    """Where the page is; `None` where nobody said under which address buyers reach this installation."""
    base = _configured[0].public_url
    return None if base is None else f"{base}/my/{sign(address)}"


def sign_form(token: str) -> str:
    """What a form on the page of `token` carries, so that only that page can send it."""
    return _configured[0].forms.sign(_fingerprint(token)).decode()


def is_form_of(token: str, signed: str) -> bool:
    """Whether a form was made on the page of `token`, and not too long ago."""
    try:
        fingerprint = _configured[0].forms.unsign(signed, max_age=int(FORM_LIFETIME.total_seconds()))
    except BadSignature:
        return False
    return hmac.compare_digest(fingerprint, _fingerprint(token).encode())


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:32]

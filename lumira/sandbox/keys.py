"""Authentication: API keys, their accounts and their permissions."""

import base64
import binascii
import re
from dataclasses import dataclass

from lumira.sandbox.errors import UnauthorizedError
from lumira.sandbox.ids import account_id

_KEY = re.compile(r"^(sk|pk)_test_([A-Za-z0-9_]{6,200})$")
#: Stripe shows the first eight and the last four characters of a wrong key.
_VISIBLE_CHARACTERS = 12
_MISSING = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using "
    "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."
)


@dataclass(frozen=True)
class Caller:
    """The account that an API key belongs to, and whether the key is publishable."""

    account_id: str
    name: str
    publishable: bool


def identify(authorization: str | None, form_key: str | None = None) -> Caller:
    """Return the caller from the header (Bearer or Basic), or else from the form field ``key``.

    Raises ``UnauthorizedError`` for a missing, malformed or expired key.
    """
    key = _from_header(authorization) or form_key
    if not key:
        raise UnauthorizedError(_MISSING)
    matched = _KEY.match(key)
    if matched is not None and "expired" in key:
        raise UnauthorizedError(f"Expired API Key provided: {_masked(key)}", code="api_key_expired")
    if matched is None or "invalid" in key:
        raise UnauthorizedError(f"Invalid API Key provided: {_masked(key)}")
    name = matched.group(2)
    return Caller(account_id=account_id(name), name=name, publishable=matched.group(1) == "pk")


def _from_header(authorization: str | None) -> str | None:
    scheme, _, credentials = (authorization or "").strip().partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "bearer":
        return credentials or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[0] or None
        except (binascii.Error, UnicodeDecodeError):
            return None
    return None


def _masked(key: str) -> str:
    printable = "".join(character if character.isprintable() else "?" for character in key[:200])
    if len(printable) <= _VISIBLE_CHARACTERS:
        return printable[:4] + "*" * max(len(printable) - 4, 0)
    return printable[:8] + "*" * (len(printable) - _VISIBLE_CHARACTERS) + printable[-4:]

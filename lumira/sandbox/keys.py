"""Authentication: API keys, their accounts and their permissions."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass

from lumira.sandbox.errors import UnauthorizedError
from lumira.sandbox.ids import account_id

_KEY = re.compile(r"^(sk|pk)_test_([A-Za-z0-9_]{6,200})$")
RESTRICTED = "rk_test_"
#: Stripe shows the first eight and the last four characters of a wrong key.
_VISIBLE_CHARACTERS = 12
_MISSING = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, using "
    "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/."
)


@dataclass(frozen=True)
class Caller:
    """The account that an API key belongs to, and what the key may do."""

    account_id: str
    name: str
    publishable: bool = False
    #: The permissions of a restricted key; None for a key without restrictions.
    permissions: frozenset[str] | None = None
    masked_key: str = ""


#: Returns the caller of an existing restricted key, or None.
FindRestrictedKey = Callable[[str], Caller | None]


def identify(
    authorization: str | None, form_key: str | None = None, *, find_restricted: FindRestrictedKey
) -> Caller:
    """Return the caller from the header (Bearer or Basic), or else from the form field ``key``.

    Raises ``UnauthorizedError`` for a missing, malformed or expired key, and for a restricted key that does not
    exist.
    """
    key = _from_header(authorization) or form_key
    if not key:
        raise UnauthorizedError(_MISSING)
    restricted = find_restricted(key) if key.startswith(RESTRICTED) else None
    if restricted is not None:
        return restricted
    matched = _KEY.match(key)
    if matched is not None and "expired" in key:
        raise UnauthorizedError(f"Expired API Key provided: {mask(key)}", code="api_key_expired")
    if matched is None or "invalid" in key:
        raise UnauthorizedError(f"Invalid API Key provided: {mask(key)}")
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


def mask(key: str) -> str:
    """Return the key as Stripe shows it in error messages."""
    printable = "".join(character if character.isprintable() else "?" for character in key[:200])
    if len(printable) <= _VISIBLE_CHARACTERS:
        return printable[:4] + "*" * max(len(printable) - 4, 0)
    return printable[:8] + "*" * (len(printable) - _VISIBLE_CHARACTERS) + printable[-4:]

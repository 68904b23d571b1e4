"""Identifiers in Stripe's formats."""

import hashlib
import secrets
import string

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ACCOUNT_LENGTH = 16


def random_id(prefix: str, length: int = 24) -> str:
    """Return a new identifier such as ``cus_Qx…``; it is unguessable, so it can be a secret."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def payment_id(prefix: str) -> str:
    """Return a new identifier in the format of payment objects (``pi_3…``, ``ch_3…``, ``evt_3…``)."""
    return f"{prefix}_3" + random_id("", 23)[1:]


def account_id(name: str) -> str:
    """Return the account id for a key's name; the same name always gives the same account."""
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:12], "big")
    characters: list[str] = []
    while len(characters) < _ACCOUNT_LENGTH:
        digest, remainder = divmod(digest, len(_ALPHABET))
        characters.append(_ALPHABET[remainder])
    return "acct_" + "".join(characters)


def payment_method_id() -> str:
    """Return a new identifier of a payment method (``pm_1…``)."""
    return "pm_1" + random_id("", 23)[1:]

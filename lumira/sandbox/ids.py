"""Identifiers that look like Stripe's own."""

import hashlib
import secrets
import string

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ACCOUNT_LENGTH = 16


def random_id(prefix: str, length: int = 24) -> str:
    """A fresh identifier such as ``cus_Qx…``; unguessable, so it also serves for secrets."""
    return f"{prefix}_" + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def payment_id(prefix: str) -> str:
    """An identifier of the newer family (``pi_3…``, ``ch_3…``, ``evt_3…``) that payments share."""
    return f"{prefix}_3" + random_id("", 23)[1:]


def account_id(name: str) -> str:
    """The account that a key's name stands for; the same name always gives the same account."""
    digest = int.from_bytes(hashlib.sha256(name.encode()).digest()[:12], "big")
    letters: list[str] = []
    while len(letters) < _ACCOUNT_LENGTH:
        digest, remainder = divmod(digest, len(_ALPHABET))
        letters.append(_ALPHABET[remainder])
    return "acct_" + "".join(letters)


def payment_method_id() -> str:
    """An identifier of a payment method (``pm_1…``)."""
    return "pm_1" + random_id("", 23)[1:]

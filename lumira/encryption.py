"""Secrets at rest: Stripe keys, webhook secrets and stored replies."""

import hashlib
import hmac
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_keys: list[MultiFernet] = []
_raw: list[bytes] = []


class DecryptionError(Exception):
    """The text was not sealed here, or for another tenant or purpose."""


def configure(keys: tuple[str, ...]) -> None:
    """Encrypt with the first key from now on, decrypt with any of them."""
    _keys[:] = [MultiFernet([Fernet(key) for key in keys])]
    _raw[:] = [key.encode() for key in keys]


def seal(text: str, *, tenant_id: int, purpose: str) -> bytes:
    """`text` encrypted for one tenant and one purpose."""
    envelope = json.dumps({"tenant": tenant_id, "purpose": purpose, "text": text})
    return _keys[0].encrypt(envelope.encode())


def digests(text: str, *, tenant_id: int, purpose: str) -> list[str]:
    """`text` as nobody without a key recognises it: one digest for each key, that of the newest first.

    A short text is guessed from a plain hash; without the key it is not.
    """
    message = json.dumps([tenant_id, purpose, text]).encode()
    return [hmac.new(key, message, hashlib.sha256).hexdigest() for key in _raw]


def unseal(sealed: bytes, *, tenant_id: int, purpose: str) -> str:
    """What was sealed; `DecryptionError` if it was sealed for another tenant or purpose.

    Both stand in the plaintext, so that a row copied elsewhere by hand opens nothing.
    """
    try:
        envelope = json.loads(_keys[0].decrypt(sealed))
    except InvalidToken as error:
        raise DecryptionError("No configured key opens this secret.") from error
    if (envelope["tenant"], envelope["purpose"]) != (tenant_id, purpose):
        raise DecryptionError("This secret belongs to another tenant or purpose.")
    text: str = envelope["text"]
    return text

"""Encryption at rest of Stripe keys, webhook secrets and stored replies."""

import hashlib
import hmac
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_keys: list[MultiFernet] = []
_first: list[Fernet] = []
_raw: list[bytes] = []


class DecryptionError(Exception):
    """No configured key decrypts the text, or it was sealed for another tenant or purpose."""


def configure(keys: tuple[str, ...]) -> None:
    """Use the first key for encryption and any of them for decryption."""
    _keys[:] = [MultiFernet([Fernet(key) for key in keys])]
    _first[:] = [Fernet(key) for key in keys[:1]]
    _raw[:] = [key.encode() for key in keys]


def seal(text: str, *, tenant_id: int, purpose: str) -> bytes:
    """Encrypt `text` for one tenant and one purpose."""
    payload = json.dumps({"tenant": tenant_id, "purpose": purpose, "text": text})
    return _keys[0].encrypt(payload.encode())


def digests(text: str, *, tenant_id: int, purpose: str) -> list[str]:
    """Return keyed digests of `text`: one for each key, the newest key first.

    A short text can be guessed from a plain hash, but not from a digest without its key.
    """
    message = json.dumps([tenant_id, purpose, text]).encode()
    return [hmac.new(key, message, hashlib.sha256).hexdigest() for key in _raw]


def can_decrypt(sealed: bytes) -> bool:
    """Whether one of the configured keys decrypts the text."""
    try:
        _keys[0].decrypt(sealed)
    except InvalidToken:
        return False
    return True


def reseal(sealed: bytes) -> bytes | None:
    """Return the text encrypted with the first key; `None` if it is already. Raises `DecryptionError`."""
    try:
        _first[0].decrypt(sealed)
    except InvalidToken:
        pass
    else:
        return None
    try:
        return _keys[0].rotate(sealed)
    except InvalidToken as error:
        raise DecryptionError("No configured key decrypts this secret.") from error


def open_payload(sealed: bytes) -> str:
    """Decrypt a sealed text with its tenant and purpose, for `seal_payload` with another installation's keys.

    Raises `DecryptionError`.
    """
    try:
        return _keys[0].decrypt(sealed).decode()
    except InvalidToken as error:
        raise DecryptionError("No configured key decrypts this secret.") from error


def seal_payload(payload: str) -> bytes:
    """Encrypt what `open_payload` returned: it is still of the same tenant and purpose."""
    return _keys[0].encrypt(payload.encode())


def proofs(salt: bytes) -> list[str]:
    """Return a proof of each configured key, the newest key first: who has the key computes the same one."""
    return [hmac.new(key, b"lumira.key-proof\0" + salt, hashlib.sha256).hexdigest() for key in _raw]


def unseal(sealed: bytes, *, tenant_id: int, purpose: str) -> str:
    """Decrypt a sealed text. Raises `DecryptionError` if it was sealed for another tenant or purpose.

    Tenant and purpose are part of the plaintext, so that a ciphertext copied to another row is useless.
    """
    try:
        payload = json.loads(_keys[0].decrypt(sealed))
    except InvalidToken as error:
        raise DecryptionError("No configured key decrypts this secret.") from error
    if (payload["tenant"], payload["purpose"]) != (tenant_id, purpose):
        raise DecryptionError("This secret belongs to another tenant or purpose.")
    text: str = payload["text"]
    return text

"""``Stripe-Signature``: fresh for every attempt."""

import hashlib
import hmac
import secrets


def signature_header(secret: str, body: bytes, timestamp: int) -> str:
    """The header for these very bytes; in test mode Stripe adds a fake ``v0`` that must be ignored."""
    signed = str(timestamp).encode() + b"." + body
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signature},v0={secrets.token_hex(32)}"

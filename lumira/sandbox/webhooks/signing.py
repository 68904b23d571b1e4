"""The ``Stripe-Signature`` header, computed for every attempt."""

import hashlib
import hmac
import secrets


def signature_header(secret: str, body: bytes, timestamp: int) -> str:
    """Return the header for this body; as in Stripe's test mode, a fake ``v0`` is added that must be ignored."""
    signed = str(timestamp).encode() + b"." + body
    signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signature},v0={secrets.token_hex(32)}"

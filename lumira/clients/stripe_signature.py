"""Whether a webhook body was signed by Stripe, with one of the tenant's secrets, just now.

Source: docs.stripe.com/webhooks/signature.
"""

import re
import time
from collections.abc import Iterable

from stripe import SignatureVerificationError, WebhookSignature

#: Seconds that a signature may be old, and may seem to be in the future: clocks differ both ways.
TOLERANCE = 300
_TIMESTAMP = re.compile(r"(?:^|,)\s*t=(\d{1,12})(?:,|$)")


def is_signed(body: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Whether one of `secrets` signed exactly these bytes within the tolerance."""
    # Hexadecimal digits and names are all there is; what is not ASCII cannot even be compared in constant time.
    if header is None or not header.isascii():
        return False
    stamp = _TIMESTAMP.search(header)
    if stamp is None:
        return False
    # The SDK refuses what is too old and lets the future pass, which would make a stolen signature last.
    if int(stamp[1]) > time.time() + TOLERANCE:
        return False
    try:
        # The SDK decodes the body before it looks at the signature, and Stripe only ever signs UTF-8.
        payload = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return any(_matches(payload, header, secret) for secret in secrets)


def _matches(payload: str, header: str, secret: str) -> bool:
    try:
        WebhookSignature.verify_header(payload, header, secret, TOLERANCE)
    except SignatureVerificationError:
        return False
    return True

"""Verification of webhook signatures.

Source: docs.stripe.com/webhooks/signature.
"""

import hmac
import re
import time
from collections.abc import Iterable
from datetime import datetime

from stripe import SignatureVerificationError, WebhookSignature

from lumira.clock import utc_now

#: Seconds that a signature's timestamp may be in the past or, because clocks differ, in the future.
TOLERANCE = 300
_TIMESTAMP = re.compile(r"(?:^|,)\s*t=(\d{1,12})(?:,|$)")


def sign(body: bytes, secret: str, now: datetime) -> str:
    """Return the header of a delivery that this secret signs."""
    seconds = int(now.timestamp())
    digest = hmac.new(secret.encode(), b"%d." % seconds + body, "sha256").hexdigest()
    return f"t={seconds},v1={digest}"


def is_signed(body: bytes, header: str | None, secrets: Iterable[str]) -> bool:
    """Whether one of `secrets` signed exactly these bytes, within the tolerance of now."""
    # A signature header is ASCII; other text cannot be compared in constant time.
    if header is None or not header.isascii():
        return False
    stamp = _TIMESTAMP.search(header)
    if stamp is None:
        return False
    # The SDK rejects old timestamps but accepts future ones, with which a stolen signature would stay valid.
    now = utc_now().timestamp()
    if int(stamp[1]) > now + TOLERANCE:
        return False
    try:
        # The SDK decodes the body before it verifies the signature; Stripe signs only UTF-8.
        payload = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # The SDK compares with the machine's clock, behind which that of a demo may be.
    tolerance = TOLERANCE + round(time.time() - now)
    return any(_matches(payload, header, secret, tolerance) for secret in secrets)


def _matches(payload: str, header: str, secret: str, tolerance: int) -> bool:
    try:
        WebhookSignature.verify_header(payload, header, secret, tolerance)
    except SignatureVerificationError:
        return False
    return True

"""One-time codes of an authenticator app (TOTP, RFC 6238), and the recovery codes that replace one."""

import hmac
import re
import secrets
from datetime import datetime

import pyotp
import segno

#: Seconds for which the app shows a code.
STEP = 30
#: A code of the step before or after is accepted: telephones' clocks differ.
_TOLERANCE = 1
_CODE = re.compile(r"[0-9]{6}")
_ISSUER = "Lumira"
#: Crockford's base 32: no letter looks like a digit.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: 16 characters of 5 bits cannot be guessed.
_LENGTH = 16
_GROUP = 4
_READ_AS = str.maketrans("ILO", "110")


def new_secret() -> str:
    """Return a new secret of 160 random bits, in base 32 as apps expect it."""
    return pyotp.random_base32()


def find_step(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """Return the time step of a valid code, later than `after`; `None` for any other code."""
    digits = re.sub(r"\s", "", code)
    if not _CODE.fullmatch(digits):
        return None
    generator, current = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    found = None
    for step in range(current - _TOLERANCE, current + _TOLERANCE + 1):
        if hmac.compare_digest(generator.generate_otp(step), digits) and step > after:
            found = step
    return found


def enrolment_uri(secret: str, email: str) -> str:
    """Return the `otpauth:` URI that an authenticator app reads."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=email, issuer_name=_ISSUER)


def qr_code(uri: str, *, title: str) -> str:
    """Return the QR code of a URI as an SVG element with this title, without any style or script."""
    return segno.make_qr(uri, error="m").svg_inline(
        scale=5, border=2, dark="#000000", light="#ffffff", title=title, svgclass="qr-code", lineclass=None
    )


def new_recovery_code() -> str:
    """Return a new recovery code: four groups of four characters."""
    characters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(characters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))


def read_recovery_code(typed: str) -> str | None:
    """Return a recovery code as it was issued, however it was typed; `None` for a text that is none."""
    characters = re.sub(r"[\s-]", "", typed).upper().translate(_READ_AS)
    if len(characters) != _LENGTH or not set(characters) <= set(_ALPHABET):
        return None
    return "-".join(characters[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))

"""The error of an invalid setting, and the parsers that several settings share."""

import unicodedata
from collections.abc import Mapping

#: Names of Lumira's settings, or how they begin.
_SETTINGS = (
    "DATABASE_", "LUMIRA_", "MAIL_FROM", "MAX_UPLOAD_BYTES", "METRICS_", "PUBLIC_URL", "RATE_LIMIT", "REDIS_URL",
    "BANK_TRANSFER", "RESERVATION", "RETENTION_", "S3_", "SECRET_KEY", "SMTP_URL", "STRIPE_", "TRUSTED_PROXIES",
)  # fmt: skip


class SettingsError(Exception):
    """A setting is missing or invalid; the message names it in one line."""


def whole_number(values: Mapping[str, str], name: str, *, default: int) -> int:
    """Return the setting as a non-negative integer; raise `SettingsError` if it is none."""
    text = values.get(name, str(default))
    if not text.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def refuse_invisible_characters(values: Mapping[str, str]) -> None:
    """Raise `SettingsError` for a setting with a space at an end, or a line break or zero-width character anywhere.

    A copied value or a file with Windows line ends carries them unseen, and the setting would fail at its first use.
    """
    for name, value in values.items():
        if name.startswith(_SETTINGS) and (value != value.strip() or any(map(_is_invisible, value))):
            raise SettingsError(
                f"{name} has a space at an end, or a line break or invisible character: enter it again "
                "(and save the file with Unix line ends)."
            )


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")

"""The error of an invalid setting, and the parsers that several settings share."""

from collections.abc import Mapping


class SettingsError(Exception):
    """A setting is missing or invalid; the message names it in one line."""


def whole_number(values: Mapping[str, str], name: str, *, default: int) -> int:
    """Return the setting as a non-negative integer; raise `SettingsError` if it is none."""
    text = values.get(name, str(default))
    if not text.isdecimal():
        raise SettingsError(f"{name} must be a whole number, not {text!r}.")
    return int(text)

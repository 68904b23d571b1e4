"""The kinds of values in a catalog file, each with what is wrong with one in words for its author."""

import re
import unicodedata
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields

from lumira.formats import HOST_NAME_PATTERN

#: Stripe writes the account's prefix (2 to 10 characters), `* ` and the suffix, 22 characters in all.
_SUFFIX_LENGTH = 18
_SUFFIX = re.compile(r"(?=.*[A-Za-z])[\x20-\x7e]+")
_REFUSED_IN_SUFFIX = frozenset("<>\\'\"*")


class Table(Schema):
    """A table of the file: a key that it does not know is a mistake."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - marshmallow's own way to say it


class Line(fields.String):
    """One line of text that a buyer reads: not blank, nothing invisible in it."""

    def __init__(self, *, longest: int, may_be_empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        # Control, surrogate and private characters, and the separators of lines and paragraphs.
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Zl", "Zp") for character in text):
            raise ValidationError("Holds a control character or a line break.")
        if text != text.strip():
            raise ValidationError("Begins or ends with a space.")
        if not text and not self.may_be_empty:
            raise ValidationError("Must not be empty.")
        if len(text) > self.longest:
            raise ValidationError(f"Has {len(text)} characters, {self.longest} at most.")
        return text


class Currency(fields.String):
    """An ISO code, kept in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **options).lower()
        if not re.fullmatch("[a-z]{3}", code):
            raise ValidationError("Must be three letters, such as eur.")
        return code


class Color(fields.String):
    """A colour as #RRGGBB, kept in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        color: str = super()._deserialize(value, attr, data, **options).upper()
        if not re.fullmatch("#[0-9A-F]{6}", color):
            raise ValidationError("Must be a colour such as #D4AF37.")
        return color


class VatRate(fields.Decimal):
    """Percent, kept as text with two decimals: what is frozen on a receipt is read as it was written."""

    default_error_messages = {"invalid": "Must be percent, such as 20.00."}  # noqa: RUF012 - marshmallow's own way

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        rate = super()._deserialize(value, attr, data, **options)
        _checked_vat_rate(rate)
        return f"{rate:.2f}"


def _checked_vat_rate(rate: Decimal) -> None:
    if not 0 < rate < 100 or rate != round(rate, 2):  # noqa: PLR2004 - percent
        raise ValidationError(
            "Must be percent above 0 and below 100 with two decimals at most, such as 20.00."
        )


def checked_switch(value: object) -> None:
    """True or false, and no word or number that might mean one of them."""
    if not isinstance(value, bool):
        raise ValidationError("Must be true or false.")


def checked_time_zone(name: str) -> None:
    """One that the system knows."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValidationError(f"There is no time zone {name!r}; one is Europe/Paris.") from error


def checked_suffix(suffix: str) -> None:
    """What Stripe takes as the end of a statement descriptor."""
    if len(suffix) > _SUFFIX_LENGTH:
        raise ValidationError(f"Has {len(suffix)} characters, {_SUFFIX_LENGTH} at most.")
    if not _SUFFIX.fullmatch(suffix) or suffix != suffix.strip():
        raise ValidationError("Must be plain Latin characters with a letter among them.")
    if _REFUSED_IN_SUFFIX & set(suffix):
        raise ValidationError("Stripe refuses < > \\ ' \" and * in it.")


def checked_host_name(domain: str) -> None:
    """A host name alone."""
    if not HOST_NAME_PATTERN.fullmatch(domain.lower()):
        raise ValidationError("Must be a host name alone, without https:// or a path.")

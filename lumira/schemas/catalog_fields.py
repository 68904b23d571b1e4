"""Field types of a catalog file, with messages for its author."""

import re
import unicodedata
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields

from lumira.card_numbers import contains_card_number
from lumira.field_messages import message
from lumira.formats import HOST_NAME_PATTERN, is_no_reply

#: Stripe joins the account's prefix (2 to 10 characters), `* ` and the suffix to 22 characters at most.
_SUFFIX_LENGTH = 18
_SUFFIX = re.compile(r"(?=.*[A-Za-z])[\x20-\x7e]+")
_REFUSED_IN_SUFFIX = frozenset("<>\\'\"*")


class Table(Schema):
    """A table of the file; unknown keys are errors."""

    error_messages = {"unknown": "Unknown key."}  # noqa: RUF012 - as marshmallow declares it


class Line(fields.String):
    """One line of text for buyers: not empty, without invisible characters."""

    def __init__(self, *, max_length: int, may_be_empty: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.max_length = max_length
        self.may_be_empty = may_be_empty

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **options)
        # Control, surrogate and private-use characters, and separators of lines and paragraphs.
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Zl", "Zp") for character in text):
            raise ValidationError(message("control_characters"))
        if contains_card_number(text):
            raise ValidationError(message("card_number"))
        if text != text.strip():
            raise ValidationError(message("space_around"))
        if not text and not self.may_be_empty:
            raise ValidationError(message("empty"))
        if len(text) > self.max_length:
            raise ValidationError(message("too_long", longest=self.max_length, length=len(text)))
        return text


class Currency(fields.String):
    """An ISO 4217 code, stored in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **options).lower()
        if not re.fullmatch("[a-z]{3}", code):
            raise ValidationError("Must be an ISO code, such as eur.")
        return code


class Color(fields.String):
    """A colour as #RRGGBB, stored in capitals."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        color: str = super()._deserialize(value, attr, data, **options).upper()
        if not re.fullmatch("#[0-9A-F]{6}", color):
            raise ValidationError(message("color"))
        return color


class VatRate(fields.Decimal):
    """Percent, stored as text with two decimals: receipts freeze it as written."""

    default_error_messages = {"invalid": message("percentage"), "special": message("percentage")}  # noqa: RUF012 - as marshmallow declares it

    def __init__(self, *, may_be_zero: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.may_be_zero = may_be_zero

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if isinstance(value, bool):
            raise self.make_error("invalid")
        rate = super()._deserialize(value, attr, data, **options)
        if rate or not self.may_be_zero:
            _check_vat_rate(rate)
        return f"{rate:.2f}"


def _check_vat_rate(rate: Decimal) -> None:
    if not 0 < rate < 100 or rate != round(rate, 2):  # noqa: PLR2004 - percent
        raise ValidationError(message("percentage_range"))


def check_boolean(value: object) -> None:
    """Accept true and false only; no strings and numbers."""
    if not isinstance(value, bool):
        raise ValidationError("Must be true or false.")


def check_time_zone(name: str) -> None:
    """Accept the names of the IANA time zone database."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise ValidationError(message("time_zone", name=name)) from error


def check_suffix(suffix: str) -> None:
    """Accept what Stripe accepts as a statement descriptor suffix."""
    if len(suffix) > _SUFFIX_LENGTH:
        raise ValidationError(message("too_long", longest=_SUFFIX_LENGTH, length=len(suffix)))
    if not _SUFFIX.fullmatch(suffix) or suffix != suffix.strip():
        raise ValidationError(message("suffix_letters"))
    if _REFUSED_IN_SUFFIX & set(suffix):
        raise ValidationError(message("suffix_characters"))


def check_host_name(domain: str) -> None:
    """Accept a host name only."""
    if not HOST_NAME_PATTERN.fullmatch(domain.lower()):
        raise ValidationError(message("host_name"))


def check_is_read(address: str) -> None:
    """Refuse a no-reply address where a person has to read what arrives."""
    if is_no_reply(address):
        raise ValidationError(message("no_reply"))

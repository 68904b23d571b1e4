"""Values in Dolibarr's JSON: nearly all are strings, times are unix seconds, and amounts have eight decimals."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lumira.money import decimals

Json = Mapping[str, Any]

_LARGEST_ID = 2**63 - 1
_LONGEST_NUMBER = 40
#: The longest column in bytes, of notes and descriptions.
_LONGEST_TEXT = 65_535


class Unreadable(ValueError):
    """A value is not what Dolibarr sends there."""


def to_id(value: object) -> int:
    """Return a record's id: Dolibarr sends a number or a string of digits. Raises `Unreadable`."""
    found = to_optional_id(value)
    if found is None:
        raise Unreadable("no id")
    return found


def to_optional_id(value: object) -> int | None:
    """Return an id, or `None` for what Dolibarr sends without one: null, an empty string, zero."""
    if value in (None, "", 0, "0", False):
        return None
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_NUMBER:
        raise Unreadable("no id")
    number = int(text)
    if not 0 < number <= _LARGEST_ID:
        raise Unreadable("no id")
    return number


def to_number(value: object) -> int:
    """Return a small whole number such as a status; null counts as zero. Raises `Unreadable`."""
    number = to_decimal(value)
    if number != number.to_integral_value() or abs(number) > _LARGEST_ID:
        raise Unreadable("no whole number")
    return int(number)


def to_decimal(value: object) -> Decimal:
    """Return a number; null and an empty string count as zero. Raises `Unreadable`."""
    if value is None or value == "":
        return Decimal(0)
    text = str(value)
    try:
        number = Decimal(text) if len(text) <= _LONGEST_NUMBER else Decimal("nan")
    except InvalidOperation:
        raise Unreadable("no number") from None
    if not number.is_finite():
        raise Unreadable("no number")
    return number


def to_minor_units(value: object, currency: str) -> int:
    """Return an amount in minor units. Raises `Unreadable`."""
    shifted = to_decimal(value).scaleb(decimals(currency))
    if abs(shifted) > _LARGEST_ID:
        raise Unreadable("no amount")
    return int(shifted.quantize(Decimal(1), ROUND_HALF_UP))


def from_minor_units(amount: int, currency: str) -> str:
    """Return an amount as Dolibarr reads it, such as `20.00`."""
    return f"{Decimal(amount).scaleb(-decimals(currency)):f}"


def to_text(value: object) -> str | None:
    """Return a text that a database stores; Dolibarr sends null or an empty string for none. Raises `Unreadable`."""
    if value is None or isinstance(value, (list, dict)):
        return None
    text = storable(str(value))
    if len(text) > _LONGEST_TEXT:
        raise Unreadable("no text of a column")
    return text or None


def storable(text: str) -> str:
    """Return the text without what JSON may contain and a database does not store: NUL and halves of characters."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def to_bool(value: object) -> bool:
    return value not in (None, "", 0, "0", False)


def to_time(value: object) -> datetime | None:
    """Return the time of unix seconds; an empty string, null and zero are none. Raises `Unreadable`."""
    seconds = to_number(value)
    if seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise Unreadable("no time") from None


def from_day(day: date) -> int:
    """Return the time of a document as Dolibarr reads it: noon in UTC, which is the same day in nearly all time zones.

    Dolibarr computes with it: to the text of a day it adds the days of the payment terms as if it were a number, and
    the invoice would be due in 1970.
    """
    return int(datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp())


def to_day(value: object) -> date | None:
    """Return the day of a document: Dolibarr stores no time, and sends the midnight of its own time zone.

    Half a day later is on the same day, wherever its server is between UTC-12 and UTC+12.
    """
    midnight = to_time(value)
    return None if midnight is None else (midnight + timedelta(hours=12)).date()


def extra_field(record: Json, name: str) -> str | None:
    """Return the value of an extra field; without any, Dolibarr sends an empty list instead of an object."""
    options = record.get("array_options")
    return to_text(options.get(f"options_{name}")) if isinstance(options, Mapping) else None

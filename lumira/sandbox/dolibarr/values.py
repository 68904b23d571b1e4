"""Values as Dolibarr stores and returns them: cleaned texts, days, and amounts with eight decimals as strings."""

import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from lumira.sandbox.dolibarr.errors import ApiError, DataTooLong

_TAG = re.compile(r"<[^<>]*>")
_CENT = Decimal("0.01")
_DAY_SECONDS = 24 * 3600


def clean(value: object) -> str | None:
    """Return a text as it is stored: HTML tags and ``"`` are dropped silently; null stays null."""
    if value is None:
        return None
    return _TAG.sub("", str(value)).replace('"', "").strip()


def fitting(column: str, value: str | None, size: int) -> str | None:
    """Return the value; raises ``DataTooLong``."""
    if value is not None and len(value) > size:
        raise DataTooLong(column)
    return value


def decimal(value: object) -> Decimal:
    """Return a number; what is none counts as zero, as in PHP."""
    try:
        number = Decimal(str(value)) if value not in (None, "") else Decimal(0)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)


def integer(value: object) -> int:
    """Return a whole number; what is none counts as zero."""
    return int(decimal(value))


def total(value: Decimal) -> Decimal:
    """Round a total to two decimals, halves away from zero."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def unit(value: Decimal, *, decimals: int) -> Decimal:
    """Round a unit price."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def eight(value: object) -> str:
    """Return an amount as the API returns it, such as ``53.53000000``."""
    return f"{decimal(value):.8f}"


def short(value: Decimal) -> str:
    """Return a number as it stands in messages, such as ``11.9``."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def day(value: object, *, utc_offset: int) -> int:
    """Return the midnight of a date in the server's local time, as unix seconds: the time is lost.

    A text is the midnight of UTC, which is the day before west of it, as PHP reads it there. Raises 400 for what is
    neither unix seconds nor ``Y-m-d``.
    """
    text = str(value)
    try:
        seconds = int(text) if text.isdigit() else _midnight(text)
    except ValueError:
        raise ApiError(400, "Bad value for date") from None
    return (seconds + utc_offset) // _DAY_SECONDS * _DAY_SECONDS - utc_offset


def _midnight(text: str) -> int:
    return int(datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC).timestamp())


def strings(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its numbers as strings."""
    return {
        name: str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in row.items()
    }

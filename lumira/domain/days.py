"""Where days begin and end in a time zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(), zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment after a day."""
    return begin_of(day + timedelta(days=1), zone)

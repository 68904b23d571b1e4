"""Where days begin and end in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time(), zone)


def arrival_day(arrival_at: datetime) -> date:
    """Return the day of a payout's arrival, whatever the time zone: Stripe writes it as a midnight in UTC."""
    return arrival_at.astimezone(UTC).date()


def arrival_bound(at: datetime, zone: ZoneInfo) -> datetime:
    """Return from when on payouts arrive on the day that begins at `at` in a time zone, or later."""
    return datetime.combine(at.astimezone(zone).date(), time(), UTC)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the first moment after a day."""
    return begin_of(day + timedelta(days=1), zone)

"""Times for a terminal, in the tenant's time zone or, of what belongs to no tenant, in UTC."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import click

from lumira.repositories.tenants import tenants

#: Of what belongs to no tenant, which would have a time zone.
NO_TENANTS = ZoneInfo("UTC")


def zone_of(tenant_id: int) -> ZoneInfo:
    """Return the tenant's time zone; inside the caller's transaction."""
    return ZoneInfo(tenants.get(tenant_id).time_zone)


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Return a time to the second, with the name of its zone: `2026-11-28 09:32:10 CET`."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def shown_exactly(at: datetime, zone: ZoneInfo) -> str:
    """Return a time to the millisecond, for events within one second."""
    local = at.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} {local:%Z}"


#: A day, or a minute of it.
DAY_OR_MINUTE = click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M"))


def time_of(entered: datetime, zone: ZoneInfo, *, now: datetime) -> datetime:
    """Return in UTC the time that an operator entered in the tenant's time zone.

    A day without a time is its last moment, and today is now: a parcel may be shipped and delivered on one day.
    """
    at = entered.replace(tzinfo=zone).astimezone(UTC)
    if entered.time() != time.min or at > now:
        return at
    next_day = (entered + timedelta(days=1)).replace(tzinfo=zone).astimezone(UTC)
    return min(next_day - timedelta(milliseconds=1), now)

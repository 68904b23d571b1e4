"""Times in the tenant's time zone, for a terminal."""

from datetime import datetime
from zoneinfo import ZoneInfo

from lumira.repositories import tenants


def zone_of(tenant_id: int) -> ZoneInfo:
    """Return the tenant's time zone; inside the caller's transaction."""
    return ZoneInfo(tenants.get(tenant_id).time_zone)


def shown(at: datetime, zone: ZoneInfo) -> str:
    """Return a time to the second."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def shown_exactly(at: datetime, zone: ZoneInfo) -> str:
    """Return a time to the millisecond, for events within one second."""
    return f"{shown(at, zone)}.{at.microsecond // 1000:03d}"

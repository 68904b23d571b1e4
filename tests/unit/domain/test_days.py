"""Days of the tenant's calendar, and the days that Stripe names."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lumira.domain.days import arrival_bound, arrival_day, begin_of, end_of


@pytest.mark.parametrize("name", ["Europe/Paris", "America/Martinique", "Pacific/Auckland"])
def test_a_payout_arrives_on_the_day_that_stripe_names_in_every_time_zone(name: str) -> None:
    zone = ZoneInfo(name)
    new_year = date(2026, 1, 1)
    arrival_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert arrival_day(arrival_at) == new_year
    assert arrival_bound(begin_of(new_year, zone), zone) <= arrival_at
    assert arrival_bound(end_of(date(2025, 12, 31), zone), zone) <= arrival_at
    assert arrival_at < arrival_bound(end_of(new_year, zone), zone)

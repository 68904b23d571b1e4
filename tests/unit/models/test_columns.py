"""UUIDv7 of a time: the bound of ids in a list that is filtered by time."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from lumira.models.columns import uuid7, uuid7_from

NOW = datetime(2026, 11, 27, 12, 0, 0, 123_000, tzinfo=UTC)


def test_an_id_is_not_smaller_than_the_bound_of_its_time_and_smaller_than_the_next() -> None:
    with time_machine.travel(NOW, tick=False):
        created = uuid7()
    assert uuid7_from(NOW) <= created < uuid7_from(NOW + timedelta(milliseconds=1))


@pytest.mark.parametrize("year", [1, 1969, 9999])
@pytest.mark.parametrize("shifted", [timedelta(hours=-1), timedelta(), timedelta(hours=1)])
def test_every_time_has_a_bound(year: int, shifted: timedelta) -> None:
    bound = uuid7_from(datetime(year, 12 if year == 9999 else 1, 31, 23, 59, 59, tzinfo=UTC), shifted=shifted)
    assert bound.version == 7
    assert (bound < uuid7()) is (year < 2026)

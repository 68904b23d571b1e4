"""A position in a list is read from a URL as it was written, and nothing else is one."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lumira.domain.list_position import Position

ID = UUID("0193f5a0-0000-7000-8000-000000000001")


@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - in UTC
def test_a_position_is_read_as_it_was_written(at: datetime) -> None:
    position = Position(at, uuid4())
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text", ["", ".", "1", f".{ID}", f"-1.{ID}", f"x.{ID}", f"1²3.{ID}", "1.no-uuid", f"1.{ID}.2", f"1.{ID} "]
)
def test_any_other_text_is_no_position(text: str) -> None:
    assert Position.parse(text) is None


def test_a_time_beyond_all_calendars_is_no_position() -> None:
    assert Position.parse(f"{'9' * 400}.{ID}") is None

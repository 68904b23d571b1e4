"""A position in a list that is ordered by a time: where its next page begins."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from uuid import UUID

from lumira.formats import parse_uuid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Digits of a time in microseconds: up to the year 9999.
_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page: its time, and its id for rows of the same time."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        """Return the position as a part of a URL, which `parse` reads."""
        return f"{(self.at - _EPOCH) // _MICROSECOND}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the position that a text writes; `None` for any other text."""
        microseconds, _, row_id = text.partition(".")
        parsed = parse_uuid(row_id)
        if parsed is None or not microseconds.isascii() or not microseconds.isdecimal():
            return None
        try:
            return cls(_EPOCH + int(microseconds[:_DIGITS]) * _MICROSECOND, parsed)
        except OverflowError:
            return None

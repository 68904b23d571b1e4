"""Links between the pages of a list: each begins after the last row of the one before."""

from collections.abc import Mapping
from datetime import date
from urllib.parse import urlencode

from flask import request

from lumira.domain.list_position import Position
from lumira.pages.dashboard.pager import Pager

#: The parameter of the query string that names where a page begins.
AFTER = "after"
#: Characters of a filter.
MAX_LENGTH = 200


def position() -> Position | None:
    """Where the requested page of a list ordered by a time begins; `None` for the first page."""
    return Position.parse(request.args.get(AFTER, ""))


def sent(name: str) -> str:
    """The text of a filter in the query string, without what the database cannot store."""
    return _stored(request.args.get(name, ""))


def sent_in_form(name: str) -> str:
    """The text of a filter that a form repeats, likewise."""
    return _stored(request.form.get(name, ""))


def _stored(text: str) -> str:
    return text[:MAX_LENGTH].replace("\x00", "").strip()


def pager(path: str, filters: Mapping[str, str], following: object | None) -> Pager:
    """The links of a page: to the first one with these filters, and to the next one, which begins at `following`."""
    kept = {name: value for name, value in filters.items() if value}
    return Pager(
        first=f"{path}?{urlencode(kept)}" if kept else path,
        next=None if following is None else f"{path}?{urlencode(kept | {AFTER: str(following)})}",
        is_first=AFTER not in request.args,
        is_filtered=bool(kept),
    )


def read_days(filters: Mapping[str, str]) -> tuple[tuple[date | None, date | None], bool]:
    """The days of the filters `from` and `to`, and whether one of them is malformed."""
    first, last = read_day(filters["from"]), read_day(filters["to"])
    return (first, last), bool((filters["from"] and first is None) or (filters["to"] and last is None))


def read_day(text: str) -> date | None:
    """The day that a text writes, such as `2026-11-27`; `None` if it is malformed, or at an end of time."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    # The next midnight must exist in every zone.
    return day if date(1970, 1, 2) < day < date(9999, 1, 1) else None

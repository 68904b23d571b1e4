"""The links between the pages of a list."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pager:
    """Where the first page of a list is, and the next one; `None` on the last page."""

    first: str
    next: str | None
    is_first: bool
    is_filtered: bool

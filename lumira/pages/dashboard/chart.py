"""A bar chart of days, as the geometry of an SVG: opened orders, and how many of them were paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

#: The size of the drawing, in its own units; the page scales it.
WIDTH, HEIGHT = 720, 160
#: The part of a day's width that its bar takes.
_BAR = 0.8
#: Days between two labels, so that at most so many labels stand side by side.
_MOST_LABELS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """The bar of one day: the opened orders, and from the ground up those that were paid."""

    day: date
    opened: int
    paid: int
    x: float
    width: float
    opened_height: float
    paid_height: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, the largest number, and whether there is anything to show."""

    bars: tuple[Bar, ...]
    largest: int

    @property
    def is_empty(self) -> bool:
        return self.largest == 0


def draw(days: Sequence[tuple[date, int, int]]) -> Chart:
    """Return the chart of days with their opened and paid orders."""
    largest = max((opened for _, opened, _ in days), default=0)
    step = WIDTH / max(len(days), 1)
    every = -(-len(days) // _MOST_LABELS)

    def height(number: int) -> float:
        return round(number / largest * HEIGHT, 1) if largest else 0.0

    bars = tuple(
        Bar(
            day,
            opened,
            paid,
            x=round(index * step, 1),
            width=round(step * _BAR, 1),
            opened_height=height(opened),
            paid_height=height(paid),
            has_label=index % every == 0,
        )
        for index, (day, opened, paid) in enumerate(days)
    )
    return Chart(bars, largest)

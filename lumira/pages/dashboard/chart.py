"""A bar chart as the geometry of an SVG: for each day or hour a number, and a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

#: The size of the drawing, in its own units; the page scales it.
WIDTH, HEIGHT = 720, 160
#: The part of the width of a day or hour that its bar takes.
_BAR = 0.8
#: Labels that stand side by side at most.
_MOST_LABELS = 8

#: A day, or the time at which an hour begins, which is a day too for the type checker.
When = TypeVar("When", bound=date)


@dataclass(frozen=True, slots=True)
class Bar(Generic[When]):
    """The bar of one day or hour: its number, and from the ground up the part of it."""

    at: When
    whole: int
    part: int
    x: float
    width: float
    whole_height: float
    part_height: float
    has_label: bool


@dataclass(frozen=True, slots=True)
class Chart(Generic[When]):
    """The bars, the largest number, and whether there is anything to show."""

    bars: tuple[Bar[When], ...]
    largest: int

    @property
    def is_empty(self) -> bool:
        return self.largest == 0


def draw(points: Sequence[tuple[When, int, int]]) -> Chart[When]:
    """Return the chart of days or hours, each with its number and the part of it."""
    largest = max((whole for _, whole, _ in points), default=0)
    step = WIDTH / max(len(points), 1)
    every = -(-len(points) // _MOST_LABELS)

    def height(number: int) -> float:
        return round(number / largest * HEIGHT, 1) if largest else 0.0

    bars = tuple(
        Bar(
            at,
            whole,
            part,
            x=round(index * step, 1),
            width=round(step * _BAR, 1),
            whole_height=height(whole),
            part_height=height(part),
            has_label=index % every == 0,
        )
        for index, (at, whole, part) in enumerate(points)
    )
    return Chart(bars, largest)

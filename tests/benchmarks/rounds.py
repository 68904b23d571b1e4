"""The measured rounds: everything in each, in turns forwards and backwards, so that a drift spares nobody."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import accepting, settling
from tests.benchmarks.deliveries import Delivered
from tests.benchmarks.installation import Installation


@dataclass(frozen=True, slots=True)
class Round:
    """What one round measured; orders settled a second by one worker and by two."""

    reference: Delivered
    lumira: Delivered
    one_worker: float
    two_workers: float

    def __str__(self) -> str:
        return (
            f"the reference accepts {self.reference.rate:,.0f}/s, Lumira {self.lumira.rate:,.0f}/s; "
            f"one worker settles {self.one_worker:,.0f}/s, two {self.two_workers:,.0f}/s"
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio with its aim: the median of the ratios of all rounds, and between what they lay."""

    name: str
    aim: float
    ratios: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return self.median >= self.aim


def measure(
    made: Installation, *, rounds: int, events: int, scratch: Path, say: Callable[[str], None]
) -> Iterator[Round]:
    """Each round as soon as it is over."""
    for number in range(rounds):
        parts: dict[str, Callable[[], Any]] = {
            "accepting": lambda: accepting.in_turns(made, events=events, scratch=scratch),
            "one_worker": lambda: settling.settle(made, workers=1, scratch=scratch),
            "two_workers": lambda: settling.settle(made, workers=2, scratch=scratch),
        }
        names = list(parts) if number % 2 == 0 else list(reversed(parts))
        measured = {name: parts[name]() for name in names}
        reference, lumira = measured.pop("accepting")
        done = Round(reference, lumira, **measured)
        say(f"round {number + 1}: {done}")
        yield done


def figures(rounds: list[Round]) -> list[Figure]:
    """What was aimed at, and what came of it."""
    return [
        Figure(
            "events accepted, against the reference",
            0.9,
            tuple(each.lumira.rate / each.reference.rate for each in rounds),
        ),
        Figure(
            "orders settled by one worker, against the events that the reference accepts",
            0.3,
            tuple(each.one_worker / each.reference.rate for each in rounds),
        ),
        Figure(
            "orders settled by two workers, against one",
            1.6,
            tuple(each.two_workers / each.one_worker for each in rounds),
        ),
    ]

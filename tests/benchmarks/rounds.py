"""The measured rounds; alternate rounds run in reverse order, so that a drift affects all parts alike."""

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks import accepting, settling, settling_with_all
from tests.benchmarks.deliveries import Delivered
from tests.benchmarks.installation import Installation


@dataclass(frozen=True, slots=True)
class Round:
    """The results of one round; `one_worker` and `two_workers` in orders settled per second."""

    reference: Delivered
    lumira: Delivered
    #: Through Lumira's route, without the door for deliveries.
    by_route: Delivered
    one_worker: float
    two_workers: float
    #: Orders that one worker settles, and messages that it sends meanwhile, per second.
    with_all: tuple[float, float]

    def __str__(self) -> str:
        return (
            f"the reference accepts {self.reference.rate:,.0f}/s, Lumira {self.lumira.rate:,.0f}/s, "
            f"its route alone {self.by_route.rate:,.0f}/s; "
            f"one worker settles {self.one_worker:,.0f}/s, two {self.two_workers:,.0f}/s; "
            f"one that does everything settles {self.with_all[0]:,.0f}/s and sends {self.with_all[1]:,.0f}/s meanwhile"
        )


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio with its aim, and its values in all rounds."""

    name: str
    aim: float
    ratios: tuple[float, ...]
    #: Whether the aim is the largest ratio, and not the smallest.
    is_largest: bool = False

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return self.median <= self.aim if self.is_largest else self.median >= self.aim


def measure(
    setup: Installation, *, rounds: int, events: int, scratch: Path, log: Callable[[str], None]
) -> Iterator[Round]:
    """Run the rounds and yield the results of round_."""
    for number in range(rounds):
        parts: dict[str, Callable[[], Any]] = {
            "accepting": lambda: accepting.alternately(setup, events=events, scratch=scratch),
            "one_worker": lambda: settling.settle(setup, workers=1, scratch=scratch),
            "two_workers": lambda: settling.settle(setup, workers=2, scratch=scratch),
            "with_all": lambda: settling_with_all.settle(setup, scratch=scratch),
        }
        names = list(parts) if number % 2 == 0 else list(reversed(parts))
        measured = {name: parts[name]() for name in names}
        reference, lumira, by_route = measured.pop("accepting")
        result = Round(reference, lumira, by_route, **measured)
        log(f"round {number + 1}: {result}")
        yield result


def figures(rounds: list[Round]) -> list[Figure]:
    """Return the figures that have an aim."""
    return [
        Figure(
            "events accepted, against the reference",
            2.5,
            tuple(round_.lumira.rate / round_.reference.rate for round_ in rounds),
        ),
        Figure(
            "processor time of accepting an event, against the reference",
            0.5,
            tuple(round_.lumira.processor_ms / round_.reference.processor_ms for round_ in rounds),
            is_largest=True,
        ),
        Figure(
            "the slowest hundredth of Lumira's responses, against the reference's median",
            1.0,
            tuple(round_.lumira.p99 / round_.reference.p50 for round_ in rounds),
            is_largest=True,
        ),
        Figure(
            "orders settled by one worker, against the events that the reference accepts",
            0.3,
            tuple(round_.one_worker / round_.reference.rate for round_ in rounds),
        ),
        Figure(
            "orders settled by one worker that also sends, sweeps and polls, against the same",
            0.25,
            tuple(round_.with_all[0] / round_.reference.rate for round_ in rounds),
        ),
        Figure(
            "orders settled by two workers, against one",
            1.6,
            tuple(round_.two_workers / round_.one_worker for round_ in rounds),
        ),
    ]

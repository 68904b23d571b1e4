"""The figures of a run, and their aims."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and its aim; `is_most` if the aim is the largest acceptable value."""

    name: str
    value: float
    aim: float | None
    unit: str
    empty: float | None = None
    is_most: bool = True

    @property
    def is_met(self) -> bool:
        return self.aim is None or (self.value <= self.aim if self.is_most else self.value >= self.aim)

    @property
    def shown(self) -> str:
        return f"{self.value:,.2f}" if self.unit == "" else f"{self.value:,.1f} {self.unit}"

    @property
    def aim_shown(self) -> str:
        return "" if self.aim is None else f"{'≤' if self.is_most else '≥'} {self.aim:g} {self.unit}".strip()


@dataclass(slots=True)
class Results:
    """All figures, by the part of the report that shows them."""

    rates: list[Figure] = field(default_factory=list)
    lists: list[Figure] = field(default_factory=list)
    commands: list[Figure] = field(default_factory=list)
    migrations: list[Figure] = field(default_factory=list)

    @property
    def figures(self) -> list[Figure]:
        return [*self.rates, *self.lists, *self.commands, *self.migrations]

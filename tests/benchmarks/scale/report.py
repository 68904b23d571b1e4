"""Writes `docs/performance-scale.md`."""

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from tests.benchmarks.report import describe_machine
from tests.benchmarks.scale.columns import Size
from tests.benchmarks.scale.figures import Figure, Results

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "performance-scale.md"
_TEXT = Path(__file__).with_name("performance.md.in")


@dataclass(frozen=True, slots=True)
class Run:
    """The circumstances of a run."""

    command: str
    size: Size
    postgresql: str
    load: float


def write(run: Run, results: Results) -> None:
    """Write the page with the figures of a run."""
    page = Template(_TEXT.read_text()).substitute(
        date=date.today().isoformat(),  # noqa: DTZ011 - the day on which it was run
        command=run.command,
        size=str(run.size),
        machine=describe_machine(),
        postgresql=run.postgresql,
        load=f"{run.load:.1f} on {os.cpu_count()} processors",
        rates=_rows(results.rates),
        lists=_rows(sorted(results.lists, key=lambda figure: -figure.value)),
        commands=_rows(results.commands),
        migrations=_rows(results.migrations),
    )
    _PAGE.write_text(page)


def _rows(figures: list[Figure]) -> str:
    return "\n".join(
        f"| {figure.name} | {figure.aim_shown or '-'} | "
        f"{'-' if figure.empty is None else f'{figure.empty:,.1f} {figure.unit}'} | **{figure.shown}** | "
        f"{'-' if figure.aim is None else 'yes' if figure.is_met else 'no'} |"
        for figure in figures
    )

"""Write `docs/performance-stock.md` from the results of one run."""

import os
import platform
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.processes import ROOT
from tests.benchmarks.stock_rates import CLIENTS, PROCESSES, THREADS, Round

FILE = ROOT / "docs" / "performance-stock.md"
_TEMPLATE = Path(__file__).with_name("stock_performance.md.in")
_PACKAGES = ("sqlalchemy", "psycopg")


@dataclass(frozen=True, slots=True)
class Run:
    """The conditions of the measurement."""

    command: str
    seconds: int
    postgresql: str
    commits_per_second: float
    #: The load average of the minute before.
    load: float


def ratio(rounds: list[Round]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(round_.ratio for round_ in rounds)


def write(run: Run, rounds: list[Round], *, aim: float) -> None:
    """Replace the page by one with the results of this run."""
    text = _TEMPLATE.read_text()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    values = {
        "figure": _figure(rounds, aim),
        "rates": _rates(rounds),
        "rounds": str(len(rounds)),
        "seconds": str(run.seconds),
        "clients": str(CLIENTS),
        "processes": str(PROCESSES),
        "threads": str(THREADS),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": run.command,
        "machine": f"{os.cpu_count()} processors, {platform.system()} {platform.release()}",
        "load": f"{run.load:.1f}",
        "flushes": f"{run.commits_per_second:,.0f}",
        "versions": f"Python {platform.python_version()}, PostgreSQL {run.postgresql}, {packages}",
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    FILE.write_text(text)


def _figure(rounds: list[Round], aim: float) -> str:
    median, ratios = ratio(rounds), [round_.ratio for round_ in rounds]
    return (
        "| figure | aim | median | lowest to highest | met |\n|---|---|---|---|---|\n"
        f"| reservations of one product, relative to the bare update of its row | ≥ {aim:.1f} | **{median:.2f}** "
        f"| {min(ratios):.2f} to {max(ratios):.2f} | {'yes' if median >= aim else 'no'} |"
    )


def _rates(rounds: list[Round]) -> str:
    rows = [
        f"| | median | {' | '.join(f'round {number}' for number in range(1, len(rounds) + 1))} |",
        "|---|" + "---|" * (len(rounds) + 1),
    ]
    for name, rates in (
        ("pgbench updates per second", [round_.bare for round_ in rounds]),
        ("Lumira reservations per second", [round_.reserved for round_ in rounds]),
    ):
        listed = " | ".join(f"{rate:,.0f}" for rate in rates)
        rows.append(f"| {name} | **{statistics.median(rates):,.0f}** | {listed} |")
    return "\n".join(rows)

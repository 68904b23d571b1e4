"""`docs/performance.md`, as it follows from one run."""

import os
import platform
import statistics
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.accepting import TURNS, WARMING_UP
from tests.benchmarks.deliveries import CONNECTIONS
from tests.benchmarks.processes import ROOT
from tests.benchmarks.rounds import Figure, Round

FILE = ROOT / "docs" / "performance.md"
_TEMPLATE = Path(__file__).with_name("performance.md.in")
_PACKAGES = ("flask", "flask-smorest", "gunicorn", "sqlalchemy", "psycopg", "procrastinate", "stripe")


@dataclass(frozen=True, slots=True)
class Run:
    """Under what the rounds were measured."""

    command: str
    events: int
    orders: int
    event_size: int
    postgresql: str
    flushes_a_second: float
    #: How much else the machine had to do in the minute before.
    load: float


def write(run: Run, rounds: list[Round], figures: list[Figure]) -> None:
    """Put the run in place of the last one."""
    text = _TEMPLATE.read_text()
    values = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": run.command,
        "machine": _machine(),
        "load": f"{run.load:.1f}",
        "flushes": f"{run.flushes_a_second:,.0f}",
        "versions": _versions(run),
        "rounds": str(len(rounds)),
        "events": f"{run.events:,}",
        "orders": f"{run.orders:,}",
        "size": f"{run.event_size:,}",
        "connections": str(CONNECTIONS),
        "warming_up": f"{WARMING_UP:,}",
        "turns": str(TURNS),
        "processes": str(os.cpu_count()),
        "figures": _figures(figures),
        "speeds": _speeds(rounds),
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    FILE.write_text(text)


def _figures(figures: list[Figure]) -> str:
    rows = ["| figure | aim | median | lowest to highest | met |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.name} | ≥ {each.aim:.1f} | **{each.median:.2f}** "
        f"| {min(each.ratios):.2f} to {max(each.ratios):.2f} | {'yes' if each.is_met else 'no'} |"
        for each in figures
    ]
    return "\n".join(rows)


def _speeds(rounds: list[Round]) -> str:
    columns: list[tuple[str, Callable[[Round], float]]] = [
        ("the reference accepts, events/s", lambda each: each.reference.rate),
        ("Lumira accepts, events/s", lambda each: each.lumira.rate),
        ("one worker settles, orders/s", lambda each: each.one_worker),
        ("two workers settle, orders/s", lambda each: each.two_workers),
        ("the reference answers, p50 ms", lambda each: each.reference.p50),
        ("the reference answers, p99 ms", lambda each: each.reference.p99),
        ("Lumira answers, p50 ms", lambda each: each.lumira.p50),
        ("Lumira answers, p99 ms", lambda each: each.lumira.p99),
    ]
    numbers = range(1, len(rounds) + 1)
    rows = [
        f"| | median | {' | '.join(f'round {number}' for number in numbers)} |",
        "|---|" + "---|" * (len(rounds) + 1),
    ]
    for name, of in columns:
        values = [of(each) for each in rounds]
        rows.append(
            f"| {name} | **{statistics.median(values):,.0f}** | {' | '.join(f'{v:,.0f}' for v in values)} |"
        )
    return "\n".join(rows)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({_processor()}), {memory:.0f} GiB of memory, {_system()}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        name = platform.system()
    return f"{name}, Linux {platform.release()}" if platform.system() == "Linux" else name


def _versions(run: Run) -> str:
    # Asked for its version, wrk prints it and fails.
    wrk = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout.split()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"Python {platform.python_version()}, PostgreSQL {run.postgresql}, {packages}, wrk {wrk[1] if wrk else '?'}"

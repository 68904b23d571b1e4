"""Write `docs/performance.md` from the results of one run."""

import os
import platform
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks import chart
from tests.benchmarks.accepting import TURNS, WARM_UP
from tests.benchmarks.deliveries import CONNECTIONS
from tests.benchmarks.processes import ROOT
from tests.benchmarks.rounds import Figure, Round

FILE = ROOT / "docs" / "performance.md"
_TEMPLATE = Path(__file__).with_name("performance.md.in")
_PACKAGES = ("flask", "flask-smorest", "gunicorn", "sqlalchemy", "psycopg", "procrastinate", "stripe")


@dataclass(frozen=True, slots=True)
class Run:
    """The conditions of the measurement."""

    command: str
    events: int
    orders: int
    event_size: int
    postgresql: str
    commits_per_second: float
    #: The load average of the minute before.
    load: float


def write(run: Run, rounds: list[Round], figures: list[Figure], tables: Mapping[str, str]) -> None:
    """Replace the page and its chart by those with the results of this run; `tables` by their names in the template."""
    text = _TEMPLATE.read_text()
    values = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": run.command,
        "machine": describe_machine(),
        "load": f"{run.load:.1f}",
        "flushes": f"{run.commits_per_second:,.0f}",
        "versions": _versions(run),
        "rounds": str(len(rounds)),
        "events": f"{run.events:,}",
        "orders": f"{run.orders:,}",
        "size": f"{run.event_size:,}",
        "connections": str(CONNECTIONS),
        "warming_up": f"{WARM_UP:,}",
        "turns": str(TURNS),
        "processes": str(os.cpu_count()),
        "figures": _figures(figures),
        "speeds": _speeds(rounds),
        **tables,
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    FILE.write_text(text)
    chart.write(figures)


def _figures(figures: list[Figure]) -> str:
    rows = ["| figure | aim | median | lowest to highest | met |", "|---|---|---|---|---|"]
    rows += [
        f"| {figure.name} | {'≤' if figure.is_largest else '≥'} {figure.aim:g} | **{figure.median:.2f}** "
        f"| {min(figure.ratios):.2f} to {max(figure.ratios):.2f} | {'yes' if figure.is_met else 'no'} |"
        for figure in figures
    ]
    return "\n".join(rows)


def _speeds(rounds: list[Round]) -> str:
    columns: list[tuple[str, Callable[[Round], float]]] = [
        ("the reference accepts, events/s", lambda round_: round_.reference.rate),
        ("Lumira accepts, events/s", lambda round_: round_.lumira.rate),
        (
            "Lumira's route accepts, without the door for deliveries, events/s",
            lambda round_: round_.by_route.rate,
        ),
        ("one worker settles, orders/s", lambda round_: round_.one_worker),
        ("two workers settle, orders/s", lambda round_: round_.two_workers),
        ("one worker that does everything settles, orders/s", lambda round_: round_.with_all[0]),
        ("and sends meanwhile, messages/s", lambda round_: round_.with_all[1]),
        ("the reference responds, p50 ms", lambda round_: round_.reference.p50),
        ("the reference responds, p99 ms", lambda round_: round_.reference.p99),
        ("Lumira responds, p50 ms", lambda round_: round_.lumira.p50),
        ("Lumira responds, p99 ms", lambda round_: round_.lumira.p99),
        ("processor time of the reference, µs an event", lambda round_: round_.reference.processor_ms * 1000),
        ("processor time of Lumira, µs an event", lambda round_: round_.lumira.processor_ms * 1000),
        ("the same of its route, µs an event", lambda round_: round_.by_route.processor_ms * 1000),
        ("the reference's database grows, bytes an event", lambda round_: round_.reference.stored_bytes),
        ("Lumira's database grows, bytes an event", lambda round_: round_.lumira.stored_bytes),
        ("the reference's log ahead, bytes an event", lambda round_: round_.reference.logged_bytes),
        ("Lumira's log ahead, bytes an event", lambda round_: round_.lumira.logged_bytes),
    ]
    numbers = range(1, len(rounds) + 1)
    rows = [
        f"| | median | {' | '.join(f'round {number}' for number in numbers)} |",
        "|---|" + "---|" * (len(rounds) + 1),
    ]
    for name, value_of in columns:
        values = [value_of(round_) for round_ in rounds]
        rows.append(
            f"| {name} | **{statistics.median(values):,.0f}** | {' | '.join(f'{v:,.0f}' for v in values)} |"
        )
    return "\n".join(rows)


def describe_machine() -> str:
    """Return the processors, memory and system of this machine."""
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
    # wrk --version prints the version and exits with an error.
    wrk = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout.split()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return f"Python {platform.python_version()}, PostgreSQL {run.postgresql}, {packages}, wrk {wrk[1] if wrk else '?'}"

"""Write `docs/performance-messages.md` from the results of one run."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.message_rates import PER_SECOND, Measured
from tests.benchmarks.processes import ROOT

FILE = ROOT / "docs" / "performance-messages.md"
_TEMPLATE = Path(__file__).with_name("message_performance.md.in")
_PACKAGES = ("typst", "sqlalchemy", "psycopg", "aiosmtpd")


@dataclass(frozen=True, slots=True)
class Run:
    """The conditions of the measurement, and its aims."""

    command: str
    postgresql: str
    #: The load average of the minute before.
    load: float
    rate_aim: float
    memory_aim: float


def write(run: Run, measured: Measured) -> None:
    """Replace the page by one with the results of this run."""
    text = _TEMPLATE.read_text()
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    values = {
        "figures": _figures(run, measured),
        "backlog": f"{measured.messages:,}",
        "paid": f"{measured.paid:,}",
        "per_second": str(PER_SECOND),
        "connections": str(measured.connections),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": run.command,
        "machine": f"{os.cpu_count()} processors, {platform.system()} {platform.release()}",
        "load": f"{run.load:.1f}",
        "versions": f"Python {platform.python_version()}, PostgreSQL {run.postgresql}, {packages}",
    }
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    FILE.write_text(text)


def _figures(run: Run, measured: Measured) -> str:
    rows = [
        ("messages with receipts per second, one worker", f"≥ {run.rate_aim:.0f}", f"{measured.rate:.1f}"),
        ("processor time of the worker for each of them", "", f"{measured.processor_ms:.1f} ms"),
        ("from the payment's event to the accepted e-mail, p50", "", f"{measured.p50:.2f} s"),
        ("the same, p99", "", f"{measured.p99:.2f} s"),
        ("memory of the worker when it starts", "", f"{measured.memory_before:.0f} MB"),
        ("after settling all orders", "", f"{measured.memory_settled:.0f} MB"),
        (
            "after sending all messages",
            f"≤ {run.memory_aim:.0f} MB",
            f"{measured.memory_after:.0f} MB",
        ),
    ]
    lines = [f"| {name} | {aim} | **{value}** |" for name, aim, value in rows]
    return "\n".join(["| figure | aim | measured |", "|---|---|---|", *lines])

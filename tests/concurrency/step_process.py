"""Runs a step in a process of its own, and waits until PostgreSQL has ended the sessions of that process."""

import importlib
import multiprocessing
import os
import secrets
import sys
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import create_engine, text

#: Seconds that the process gets to end, and PostgreSQL to end its sessions.
_PATIENCE = 120
_SESSIONS = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
#: The modules with steps: each has `run(instructions)`, which returns the number of commits.
_MODULES = [
    "tests.concurrency.killed_process",
    "tests.concurrency.killed_refund",
    "tests.concurrency.killed_crm",
]

# A step is forked from a server that has imported the application and has opened no connection and started no thread.
# SIGKILL ends such a process as it ends any other; importing takes longer than the step.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([*_MODULES, "lumira.application", __name__])


@dataclass(frozen=True)
class Finished:
    """How the process of a step ended: its exit code, and the commits it counted or why it failed."""

    returncode: int | None
    commits: int | None
    error: str


def run_step(module: str, instructions: dict[str, Any]) -> Finished:
    """Run the module's step with these instructions, and return once the process and its sessions have ended.

    PostgreSQL notices a moment later that a process was killed. Until then the session keeps its locks, and work
    that skips locked rows would not find them.
    """
    name = f"step-{secrets.token_hex(8)}"
    receiving, sending = _processes.Pipe(duplex=False)
    process = _processes.Process(target=_run, args=(module, instructions, name, sending))
    process.start()
    sending.close()
    with receiving:
        commits, error = _receive(receiving)
    process.join(_PATIENCE)
    _wait_for_sessions_to_end(instructions["database_url"], name)
    return Finished(process.exitcode, commits, error)


def _receive(receiving: Connection) -> tuple[int | None, str]:
    """Return what the process sends at its end; a killed process sends nothing."""
    assert receiving.poll(_PATIENCE), "The step has not ended."
    try:
        commits, error = receiving.recv()
    except EOFError:
        return None, ""
    return commits, error


def _run(module: str, instructions: dict[str, Any], name: str, sending: Connection) -> None:
    # The driver sends PostgreSQL this name for each of its sessions.
    os.environ["PGAPPNAME"] = name
    try:
        sending.send((importlib.import_module(module).run(instructions), ""))
    except Exception:  # noqa: BLE001 - the test shows it
        sending.send((None, traceback.format_exc()))
        sys.exit(1)


def _wait_for_sessions_to_end(database_url: str, name: str) -> None:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    deadline = time.monotonic() + _PATIENCE
    with engine.connect() as connection:
        while sessions := connection.execute(_SESSIONS, {"name": name}).scalar_one():
            assert time.monotonic() < deadline, f"{sessions} sessions of {name} have not ended"
            time.sleep(0.01)
    engine.dispose()

"""Runs a step in a process of its own, and waits until PostgreSQL has ended the sessions of that process."""

import json
import os
import secrets
import subprocess
import sys
import time
from typing import Any

from sqlalchemy import create_engine, text

#: Seconds that the process gets to end, and PostgreSQL to end its sessions.
_PATIENCE = 120
_SESSIONS = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")


def run_step(module: str, orders: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Run the module with these orders, and return once the process and its sessions have ended.

    PostgreSQL notices a moment later that a process was killed. Until then the session keeps its locks, and work
    that skips locked rows would not find them.
    """
    name = f"step-{secrets.token_hex(8)}"
    done = subprocess.run(
        [sys.executable, "-m", module],
        input=json.dumps(orders),
        # The driver tells PostgreSQL this name for each of its sessions.
        env=os.environ | {"PGAPPNAME": name},
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    _wait_for_sessions_to_end(orders["database_url"], name)
    return done


def _wait_for_sessions_to_end(database_url: str, name: str) -> None:
    engine = create_engine(database_url, isolation_level="AUTOCOMMIT")
    deadline = time.monotonic() + _PATIENCE
    with engine.connect() as connection:
        while sessions := connection.execute(_SESSIONS, {"name": name}).scalar_one():
            assert time.monotonic() < deadline, f"{sessions} sessions of {name} have not ended"
            time.sleep(0.01)
    engine.dispose()

"""Seconds of processor: what else runs on the machine adds nothing to them."""

import time
from pathlib import Path

from sqlalchemy import text

from lumira.database import atomic, db

#: Linux counts in hundredths of a second.
_TICKS = 100


def seconds() -> float:
    """Return the seconds that this process and its sessions of the database have used."""
    with atomic(None):
        query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        pids = list(db.session.execute(text(query)).scalars())
    return time.process_time() + sum(map(_of_session, pids))


def _of_session(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS

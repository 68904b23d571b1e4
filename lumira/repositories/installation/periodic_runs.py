"""When the worker's periodic work was enqueued last: a row of the job queue for each task."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from lumira.database import db

_LAST = text(
    "SELECT to_timestamp(run.defer_timestamp) AS at, job.status = 'failed' AS has_failed "
    "FROM procrastinate_periodic_defers AS run LEFT JOIN procrastinate_jobs AS job ON job.id = run.job_id "
    "WHERE run.task_name = :task ORDER BY run.defer_timestamp DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class PeriodicRun:
    """One run of a periodic task."""

    at: datetime
    has_failed: bool


def find_last(task: str) -> PeriodicRun | None:
    """Return the last run of the task with this name; `None` if it never ran."""
    row = db.session.execute(_LAST, {"task": task}).one_or_none()
    return None if row is None else PeriodicRun(row.at, has_failed=bool(row.has_failed))

"""Numbers about all tenants together, for the metrics: each read by a function that returns numbers and times only."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, text

from lumira.domain.poll_schedule import RESERVATION_GRACE
from lumira.repositories.installation import due_work, worker_heartbeats

#: Rows that are counted at most, so that a backlog does not make the metrics slow.
MOST_COUNTED = 100_000

_JOBS = text(
    "WITH waiting AS (SELECT id FROM procrastinate_jobs "
    "WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= :now) ORDER BY id LIMIT :most) "
    "SELECT (SELECT count(*) FROM waiting), (SELECT min(e.at) FROM procrastinate_events e "
    "WHERE e.job_id = (SELECT min(id) FROM waiting) AND e.type = 'deferred')"
)


@dataclass(frozen=True, slots=True)
class Figures:
    """The state of the installation at one time; each number at most `MOST_COUNTED` for one tenant or state."""

    workers: int
    last_heartbeat_at: datetime | None
    #: By kind of work, how many tenants have some that is late.
    late: dict[str, int]
    #: By state: received, parked, failed.
    events: dict[str, int]
    #: When the event arrived that has waited longest for its first attempt or a retry.
    oldest_event_at: datetime | None
    #: By state: pending, dead.
    messages: dict[str, int]
    reservations: int
    #: Those of unpaid orders that ended and are not released.
    reservations_overdue: int
    due_polls: int
    oldest_poll_at: datetime | None
    jobs: int
    oldest_job_at: datetime | None
    #: By kind; a kind without an open alert is missing.
    alerts: dict[str, int] = field(default_factory=dict)
    #: What is to be written to CRMs, by state: pending, parked; and when the oldest pending record was enqueued.
    crm_tasks: dict[str, int] = field(default_factory=dict)
    oldest_crm_task_at: datetime | None = None
    #: Tenants whose CRM accepts nothing.
    failing_crms: int = 0


def read_figures(connection: Connection, now: datetime, *, late_since: datetime) -> Figures:
    """Return the numbers; `late_since` is when work that is late now was due."""
    most = {"most": MOST_COUNTED}
    events = connection.execute(text("SELECT * FROM lumira_count_events(:most)"), most).all()
    [polls] = connection.execute(
        text("SELECT * FROM lumira_count_due_polls(:now, :most)"), most | {"now": now}
    )
    crm_tasks = connection.execute(text("SELECT * FROM lumira_count_crm_tasks(:most)"), most).all()
    jobs, oldest_job_at = count_jobs(connection, now)
    reservations = _count(
        connection, "lumira_count_reservations(:ended_before, :most)", ended_before=now - RESERVATION_GRACE
    )
    return Figures(
        workers=worker_heartbeats.count_since(now - worker_heartbeats.SILENT_AFTER, connection),
        last_heartbeat_at=worker_heartbeats.find_last(connection),
        late=due_work.count_tenants(late_since, connection),
        events={row.state: row.number for row in events},
        oldest_event_at=max((row.oldest for row in events if row.oldest is not None), default=None),
        messages=_count(connection, "lumira_count_messages(:most)"),
        reservations=reservations["reserved"],
        reservations_overdue=reservations["overdue"],
        due_polls=polls.number,
        oldest_poll_at=polls.oldest,
        jobs=jobs,
        oldest_job_at=oldest_job_at,
        alerts=_count(connection, "lumira_count_alerts(:most)"),
        crm_tasks={row.state: row.number for row in crm_tasks},
        oldest_crm_task_at=max((row.oldest for row in crm_tasks if row.oldest is not None), default=None),
        failing_crms=connection.execute(text("SELECT lumira_count_failing_crms()")).scalar_one(),
    )


def count_jobs(connection: Connection, now: datetime) -> tuple[int, datetime | None]:
    """Return how many jobs wait for a worker, and when the oldest of them was enqueued."""
    [jobs] = connection.execute(_JOBS, {"most": MOST_COUNTED, "now": now})
    return jobs[0], jobs[1]


def count_orders(connection: Connection) -> dict[str, int]:
    """Return how many orders there are in each status: reads an index of all orders, a second for some millions."""
    return _count(connection, "lumira_count_orders()")


def _count(connection: Connection, function: str, **values: object) -> dict[str, int]:
    query = text(f"SELECT state, number FROM {function}")  # noqa: S608 - the functions above
    return {row.state: row.number for row in connection.execute(query, {"most": MOST_COUNTED} | values)}

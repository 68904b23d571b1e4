"""How the work of a shop stands now, for an installation without Prometheus; nothing is called, and nothing changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.settings import Settings
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.repositories.installation import installation_figures, worker_heartbeats
from lumira.repositories.tenants import board, tenants
from lumira.repositories.tenants.board import Backlog
from lumira.services.events.view_health import EndpointHealth, Span, view_health
from lumira.services.installation.disk import Disk, measure_disks

#: Work is due for a moment each time: it is late when several sweeps have passed it.
LATE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class InstallationState:
    """What all shops share: numbers only, which name no shop."""

    workers: int
    last_heartbeat_at: datetime | None
    jobs: int
    oldest_job_at: datetime | None
    disks: Sequence[Disk]


@dataclass(frozen=True, slots=True)
class Board:
    """The work of a shop at one time; `installation` is `None` if it was not asked for."""

    at: datetime
    health: EndpointHealth
    backlog: Backlog
    #: Until when Stripe's events were last read; `None` before the first time.
    pulled_until: datetime | None
    installation: InstallationState | None


def view_board(tenant_id: int, settings: Settings, *, with_installation: bool) -> Board:
    """Return how the work of the tenant stands, and that of the installation for those who may know it."""
    now = utc_now()
    health = view_health(tenant_id, Span.HOURS)
    with atomic(tenant_id):
        backlog = board.count_backlog(tenant_id, late_since=now - LATE_AFTER)
        pulled_until = tenants.get(tenant_id).events_pulled_until
    return Board(
        at=now,
        health=health,
        backlog=backlog,
        pulled_until=pulled_until,
        installation=_view_installation(settings, now) if with_installation else None,
    )


def _view_installation(settings: Settings, now: datetime) -> InstallationState:
    with atomic(None):
        jobs, oldest_job_at = installation_figures.count_jobs(db.session.connection(), now)
        return InstallationState(
            workers=worker_heartbeats.count_since(now - worker_heartbeats.SILENT_AFTER),
            last_heartbeat_at=worker_heartbeats.find_last(),
            jobs=jobs,
            oldest_job_at=oldest_job_at,
            disks=measure_disks(settings),
        )

"""Watches whether any worker runs. The web processes do it: a worker that is dead notifies no one."""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AlertKind
from lumira.repositories.alerts import conditions
from lumira.repositories.installation import worker_heartbeats

#: A release stops and starts the workers: the team is notified if none runs for so long after it was noticed.
NOTIFY_AFTER = timedelta(minutes=2)
#: Each web process looks once a minute: what one has noted just now, the others do not note again.
_NOTED_FOR = timedelta(seconds=50)
_SUBJECT = "worker"


def is_any_alive() -> bool:
    """Whether a worker reported within the last minute."""
    with atomic(None):
        return worker_heartbeats.count_since(utc_now() - worker_heartbeats.SILENT_AFTER) > 0


def note_silence(tenant_id: int) -> None:
    """Raise the tenant's alert that no worker runs; it stays open until one does."""
    now = utc_now()
    with atomic(tenant_id):
        if conditions.was_noted(
            tenant_id, kind=AlertKind.WORKER_SILENT, subject=_SUBJECT, since=now - _NOTED_FOR
        ):
            return
        last = worker_heartbeats.find_last()
        conditions.note(
            tenant_id,
            kind=AlertKind.WORKER_SILENT,
            subject=_SUBJECT,
            is_true=True,
            notify_after=NOTIFY_AFTER,
            last_report=last.isoformat(timespec="minutes") if last else None,
        )


def note_worker(tenant_id: int) -> None:
    """Resolve the tenant's alert that no worker runs, if one does."""
    if is_any_alive():
        with atomic(tenant_id):
            conditions.resolve_ended(tenant_id, kind=AlertKind.WORKER_SILENT, subject=_SUBJECT)

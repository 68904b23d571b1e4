"""Creates the months of events ahead, and drops those that are older than the retention period."""

from collections.abc import Callable
from datetime import datetime

import structlog

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.retention import months_before
from lumira.repositories.events import event_partitions
from lumira.repositories.installation import retention
from lumira.repositories.tenants import tenants
from lumira.services.retention.remove_expired import BATCH, kept_periods

log = structlog.get_logger()


def create_months() -> None:
    """Create the missing months from the last one to three months ahead.

    An event of a month that was missing is stored nevertheless, in the default partition, and is moved.
    """
    with atomic(None):
        moved = event_partitions.create_around(utc_now())
    if moved:
        log.error("event_month_missing", events=moved)


def drop_months(*, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Drop every month of events that is older than the period and in which every event is handled."""
    before = months_before(utc_now(), kept_periods().event_months)
    if before is None:
        return
    with atomic(None):
        names = event_partitions.list_older(before)
    for name in names:
        if is_stopping():
            return
        with atomic(None):
            removed = event_partitions.drop(name)
        if removed is None:
            _close_resolved_failures(before, is_stopping)
            log.warning("event_month_kept", month=name)
        else:
            log.info("event_month_removed", month=name, removed=removed)
    _remove_from_default(before, is_stopping)


def _close_resolved_failures(before: datetime, is_stopping: Callable[[], bool]) -> None:
    """Close what keeps a month although an operator has resolved its alert: the next run drops the month."""
    for tenant_id in _list_tenants():
        if is_stopping():
            return
        with atomic(tenant_id):
            retention.close_resolved_failures(tenant_id, before)


def _list_tenants() -> list[int]:
    with atomic(None):
        return tenants.list_active_ids()


def _remove_from_default(before: datetime, is_stopping: Callable[[], bool]) -> None:
    removed = 0
    for tenant_id in _list_tenants():
        batch = BATCH
        while batch == BATCH and not is_stopping():
            with atomic(tenant_id):
                batch = event_partitions.remove_from_default(tenant_id, before, limit=BATCH)
            removed += batch
    if removed:
        log.info("rows_removed", rows="events", removed=removed)

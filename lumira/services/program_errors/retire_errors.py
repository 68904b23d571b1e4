"""Resolves errors that stay away, and removes those that have been away for long."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import INSTALLATION
from lumira.repositories.installation import program_errors
from lumira.services.program_errors.alert import resolve_alert_about_silent

log = structlog.get_logger()

#: A kind that did not occur for this time is resolved: what runs every night has run seven times without it, and a
#: week has all its busy hours.
SILENT_FOR = timedelta(days=7)
#: A kind that did not occur for this time is removed: a release that brings an error back is compared with the last.
KEPT_FOR = timedelta(days=90)
#: Kinds that are kept for one tenant, and for the installation; the oldest are removed first.
MOST_KINDS = 500


def retire_errors(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> None:  # noqa: ARG001 - one short transaction
    """Do so with the kinds of one tenant."""
    _retire(tenant_id)


def retire_errors_of_installation() -> None:
    """Do so with the kinds of the installation, and resolve the alerts about those that stay away."""
    for error_id in _retire(INSTALLATION):
        resolve_alert_about_silent(error_id)


def _retire(tenant_id: int) -> Sequence[UUID]:
    now = utc_now()
    with atomic(tenant_id):
        resolved = program_errors.resolve_silent(tenant_id, now - SILENT_FOR, now)
        removed = program_errors.remove_old(tenant_id, now - KEPT_FOR, most=MOST_KINDS)
    if removed:
        log.info("rows_removed", rows="program_errors", removed=removed)
    return resolved

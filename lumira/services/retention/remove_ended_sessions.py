"""Removes sessions and resets of operators that ended a while ago."""

import structlog

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.operators import ENDED_KEPT
from lumira.repositories.operators import operator_sessions, operators

log = structlog.get_logger()


def remove_ended_sessions() -> None:
    """Remove the old sessions and resets of every operator, each in a transaction of its own."""
    before = utc_now() - ENDED_KEPT
    with atomic(None):
        operator_ids = operator_sessions.list_operators_with_old(before)
    removed = 0
    for operator_id in operator_ids:
        with atomic(None):
            operators.enter(operator_id)
            removed += operator_sessions.remove_old(operator_id, before)
    if removed:
        log.info("rows_removed", rows="operator_sessions", removed=removed)

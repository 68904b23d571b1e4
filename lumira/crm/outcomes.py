"""What became of a task and of a turn: recorded with the alerts that follow from it."""

from datetime import timedelta
from typing import Any

import structlog

from lumira.clock import utc_now
from lumira.crm.problems import ConnectionStopped
from lumira.crm.turn import Turn
from lumira.crm.work import Work
from lumira.domain.crm.reasons import CrmReason
from lumira.domain.retries import retry_delay
from lumira.models import AlertKind, CrmTaskState
from lumira.repositories.alerts import alerts, conditions
from lumira.repositories.crm import crm_lanes, crm_tasks
from lumira.repositories.orders import orders

log = structlog.get_logger()

#: Attempts of one record, over four hours, before an operator looks at it.
MOST_ATTEMPTS = 10
#: What usually passes is no alert yet.
ALERT_AFTER = timedelta(minutes=15)
#: The subject of the alert about the connection.
CRM = "dolibarr"


def mark_done(work: Work) -> None:
    """Record that a record is written, and resolve the alert about it."""
    now = utc_now()
    with work.turn.recording():
        crm_tasks.change(
            work.tenant_id,
            work.task.id,
            work.task.version,
            state=CrmTaskState.DONE,
            done_at=now,
            reason=None,
            reason_text=None,
            details={},
        )
        if work.task.was_parked and not crm_tasks.has_parked(
            work.tenant_id, work.task.customer_id, work.task.order_id
        ):
            alerts.resolve(work.tenant_id, kind=AlertKind.CRM_PARKED, subject=_subject_of(work))
    log.info("crm_record_written")


def wait(work: Work, delay: timedelta) -> None:
    """Look at the record again later: nothing failed."""
    with work.turn.recording():
        _postpone(work, delay)


def retry_later(work: Work, reason: CrmReason, text: str | None) -> None:
    """Count an attempt that failed, and park the record after too many of them."""
    attempts = work.task.attempts + 1
    if attempts >= MOST_ATTEMPTS:
        park(work, reason if reason is CrmReason.PROGRAM_ERROR else CrmReason.GAVE_UP, text)
        return
    with work.turn.recording():
        _postpone(work, retry_delay(attempts), attempts=attempts, reason=reason, reason_text=text)
    log.warning("crm_record_postponed", reason=reason, attempts=attempts)


def park(work: Work, reason: CrmReason, text: str | None, details: dict[str, Any] | None = None) -> None:
    """Leave a record to an operator, with an alert that says why."""
    with work.turn.recording():
        is_parked = crm_tasks.change(
            work.tenant_id,
            work.task.id,
            work.task.version,
            state=CrmTaskState.PARKED,
            reason=reason,
            reason_text=text,
            # Third parties are described while an operator chooses among them, and no longer.
            details={**work.task.details, "described": [], **(details or {})},
            attempts=work.task.attempts + 1,
        )
        if is_parked:
            alerts.raise_alert(
                work.tenant_id,
                kind=AlertKind.CRM_PARKED,
                subject=_subject_of(work),
                record=str(work.task.kind),
                reason=str(reason),
            )


def end_turn(turn: Turn, stopped: ConnectionStopped | None, *, has_recovered: bool = False) -> None:
    """Release the lease; after a failure of the connection the next turn comes later, and later again."""
    with turn.recording():
        if stopped is None:
            if has_recovered:
                crm_lanes.release(turn.tenant_id, turn.token, **crm_lanes.RECOVERED)
                conditions.note(
                    turn.tenant_id,
                    kind=AlertKind.CRM_FAILING,
                    subject=CRM,
                    is_true=False,
                    calm_for=timedelta(),
                )
            else:
                crm_lanes.release(turn.tenant_id, turn.token)
            return
        _note_failure(turn, stopped)


def _note_failure(turn: Turn, stopped: ConnectionStopped) -> None:
    now, lane = utc_now(), crm_lanes.find(turn.tenant_id)
    if lane is None:
        return
    failures, since = lane.failures + 1, lane.failing_since or now
    crm_lanes.release(
        turn.tenant_id,
        turn.token,
        failures=failures,
        failing_since=since,
        problem=str(stopped.reason),
        problem_text=stopped.text,
        next_turn_at=now + retry_delay(failures),
    )
    log.warning("crm_stopped", reason=stopped.reason, failures=failures)
    if stopped.reason is not CrmReason.UNAVAILABLE or now - since >= ALERT_AFTER:
        conditions.note(
            turn.tenant_id,
            kind=AlertKind.CRM_FAILING,
            subject=CRM,
            is_true=True,
            problem=str(stopped.reason),
        )


def _postpone(work: Work, delay: timedelta, **values: Any) -> None:
    task = crm_tasks.find(work.tenant_id, work.task.id)
    if task is None:
        return
    # What was sent and has no reply may still take place until then.
    at = max(task.next_attempt_at, utc_now() + delay)
    crm_tasks.change(work.tenant_id, work.task.id, work.task.version, next_attempt_at=at, **values)


def _subject_of(work: Work) -> str:
    if work.task.order_id is None:
        return str(work.task.customer_id)
    return orders.numbers_by_id(work.tenant_id, [work.task.order_id])[work.task.order_id]

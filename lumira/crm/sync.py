"""Writing to a tenant's CRM: one task after the other, while the turn lasts and the CRM accepts them.

A task that fails for a cause of its own is attempted again, a bounded number of times, or parked for an operator. What
is about the connection stops all of them, and counts as an attempt of none: a CRM that was down for a week is caught up
with, ten records in ten seconds.
"""

from collections.abc import Callable
from datetime import timedelta

import structlog

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrDuplicate, DolibarrError, DolibarrRefused, DolibarrUnavailable
from lumira.crm.connection import Connection, load_connection
from lumira.crm.documents import write_credit_note, write_invoice, write_order
from lumira.crm.outcomes import end_turn, mark_done, park, retry_later, wait
from lumira.crm.problems import ConnectionStopped, RecordParked, RecordWaits, TurnLost
from lumira.crm.third_parties import write_customer
from lumira.crm.turn import RECORDS_PER_TURN, Turn, begin_turn
from lumira.crm.work import TaskRef, Work
from lumira.database import atomic
from lumira.domain.crm.reasons import CrmReason
from lumira.models import CrmTaskKind
from lumira.repositories.crm import crm_lanes, crm_tasks
from lumira.repositories.tenants import tenants

log = structlog.get_logger()

_WRITERS: dict[CrmTaskKind, Callable[[Work], None]] = {
    CrmTaskKind.CUSTOMER: write_customer,
    CrmTaskKind.ORDER: write_order,
    CrmTaskKind.INVOICE: write_invoice,
    CrmTaskKind.CREDIT_NOTE: write_credit_note,
}
#: A record that another one must precede is looked at again after this time.
WAIT = timedelta(minutes=1)


def sync_crm(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> bool:
    """Write the due records of a tenant for one turn; returns whether its CRM responds.

    Does nothing while the CRM is off, while another process has its turn, and while it pauses after a failure.
    """
    with atomic(tenant_id):
        if tenants.get(tenant_id).crm_switched_on_at is None:
            return True
        lane = crm_lanes.find(tenant_id)
        was_failing = lane is not None and lane.failing_since is not None
        turn = begin_turn(tenant_id)
    if turn is None:
        return True
    try:
        accepted = _write_due(turn, is_stopping, must_probe=was_failing)
    except ConnectionStopped as stopped:
        end_turn(turn, stopped)
        return stopped.reason is not CrmReason.UNAVAILABLE
    except TurnLost:
        log.warning("crm_turn_lost")
        return True
    end_turn(turn, None, has_recovered=accepted and was_failing)
    return True


def _write_due(turn: Turn, is_stopping: Callable[[], bool], *, must_probe: bool) -> bool:
    """Write up to a turn's records; returns whether the CRM accepted any call."""
    with turn.recording():
        connection = load_connection(turn.tenant_id)
    if must_probe:
        # Before a record is tried: while it is down, each turn costs one call.
        _probe(turn, connection)
    for number in range(RECORDS_PER_TURN):
        if is_stopping() or not _write_next(turn, connection):
            return must_probe or number > 0
    return True


def _write_next(turn: Turn, connection: Connection) -> bool:
    """Write the record that is due longest; `False` if none is due. Raises `ConnectionStopped` and `TurnLost`."""
    with turn.recording():
        # It may have been switched off, also by another URL, since the turn began.
        is_on = tenants.get(turn.tenant_id).crm_switched_on_at is not None
        task = crm_tasks.find_next(turn.tenant_id) if is_on else None
        if task is None:
            return False
        ref = TaskRef.of(task)
    work = Work(turn, connection, ref)
    with structlog.contextvars.bound_contextvars(crm_task=str(ref.id), kind=str(ref.kind)):
        _write(work)
    return True


def _write(work: Work) -> None:
    try:
        _WRITERS[work.task.kind](work)
    except (ConnectionStopped, TurnLost):
        raise
    except RecordWaits:
        wait(work, WAIT)
    except RecordParked as parked:
        park(work, parked.reason, parked.text, parked.details)
    except DolibarrError as error:
        _judge(work, error)
    except Exception:
        log.exception("crm_record_failed")
        retry_later(work, CrmReason.PROGRAM_ERROR, None)
    else:
        mark_done(work)


def _judge(work: Work, error: DolibarrError) -> None:
    """Park the record, attempt it again later, or stop all if it is about the connection."""
    if isinstance(error, DolibarrDuplicate):
        park(work, CrmReason.DUPLICATE, str(error))
    elif isinstance(error, DolibarrRefused):
        reason = CrmReason(error.reason)
        if reason.stops_all:
            raise ConnectionStopped(reason, str(error)) from None
        if reason is CrmReason.NOT_DOLIBARR:
            _probe(work.turn, work.connection)
        park(work, reason, str(error))
    elif isinstance(error, DolibarrUnavailable):
        # The fault of one record, such as a deadlock, or of the whole CRM?
        _probe(work.turn, work.connection)
        retry_later(work, CrmReason.UNAVAILABLE, str(error))
    else:
        raise error


def _probe(turn: Turn, connection: Connection) -> None:
    """Raise `ConnectionStopped` unless the CRM answers the simplest call."""
    turn.hold()
    try:
        dolibarr.get_version(connection.account)
    except DolibarrRefused as error:
        reason = CrmReason(error.reason)
        raise ConnectionStopped(reason if reason.stops_all else CrmReason.UNAVAILABLE, str(error)) from None
    except DolibarrError as error:
        raise ConnectionStopped(CrmReason.UNAVAILABLE, str(error)) from None

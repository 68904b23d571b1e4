"""Notes unexpected errors in memory and writes them by kind, away from the request or job that failed.

Noting takes no lock of the database and waits for nothing. One thread of each process writes what was noted, each kind
once a second at most. Without the database the counts wait for it in memory; the log has every error in any case.
"""

import atexit
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira.clients import sentry
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.error_reports import ErrorReport, is_expected, report_of
from lumira.models import INSTALLATION
from lumira.repositories.installation import program_errors
from lumira.services.program_errors.alert import raise_alert_about
from lumira.threads import in_own_context

log = structlog.get_logger()

#: Seconds between two writes of one process, and after a write that failed.
_WRITE_EVERY, _RETRY_AFTER = 1.0, 5.0
#: Seconds that a process which ends gives the last write.
_LAST_WRITE = 3.0
#: Kinds of errors at tenants that wait to be written.
_MOST_PENDING = 500
#: The loggers of the packages that send errors and traces elsewhere.
_SENDERS = ("opentelemetry", "sentry_sdk")
#: What an exception has once it is noted: the same one may be logged at several places on its way.
_NOTED = "_lumira_noted"


#: A tenant or the installation, and the kind of the error.
_Key = tuple[int, UUID]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an error occurred, such as `POST /v1/refunds`, and the tenant if there was one."""

    name: str
    tenant_id: int | None = None


@dataclass(slots=True)
class _Pending:
    """Occurrences of one kind at one tenant that are not written yet; the description is that of the last one."""

    report: ErrorReport
    place: str
    request_id: str | None
    last_at: datetime
    first_at: datetime
    occurrences: int = 1


@dataclass(slots=True)
class _Notes:
    """What this process has noted and not written."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    pending: dict[_Key, _Pending] = field(default_factory=dict)
    #: Writes everything, with the context of the last error; `None` before the first one.
    write: Callable[[], bool] | None = None
    thread: threading.Thread | None = None
    is_background: bool = False
    has_work: threading.Event = field(default_factory=threading.Event)
    is_ending: threading.Event = field(default_factory=threading.Event)


_notes = _Notes()
_release = [""]
_find_place: list[Callable[[], Place | None]] = []


def configure(release: str) -> None:
    """Set the version of Lumira, which is stored with each error."""
    _release[:] = [release]


def find_places_by(find: Callable[[], Place | None]) -> None:
    """Set what finds the place of the running request."""
    _find_place[:] = [find]


def write_in_background() -> None:
    """Let a thread of this process write what is noted, from the first error on, also when the process ends."""
    _notes.is_background = True
    atexit.register(_write_the_last)


def note(error: BaseException, fields: Mapping[str, Any]) -> None:
    """Note an error that was logged with these fields, unless it is expected; a listener of the log."""
    # What could not be sent to Sentry or to a collector is no error of Lumira.
    if not str(fields.get("logger", "")).startswith(_SENDERS):
        note_at(_place_of(fields), error, request_id=fields.get("request_id"))


def _place_of(fields: Mapping[str, Any]) -> Place:
    found_id = fields.get("tenant_id")
    tenant_id = found_id if isinstance(found_id, int) else None
    if "job" in fields:
        return Place(f"job {fields['job']}", tenant_id)
    for find in _find_place:
        if (found := find()) is not None:
            return found if found.tenant_id is not None else Place(found.name, tenant_id)
    # The name of the log line: a command, or a process that starts.
    return Place(str(fields.get("event", "")), tenant_id)


def note_at(place: Place, error: BaseException, *, request_id: str | None = None) -> None:
    """Note an error at a place, unless it is expected or was noted before."""
    if is_expected(error) or getattr(error, _NOTED, False):
        return
    setattr(error, _NOTED, True)
    report, now = report_of(error), utc_now()
    owners = (INSTALLATION,) if place.tenant_id is None else (INSTALLATION, place.tenant_id)
    sentry.send(error, report, place=place.name, tenant_id=place.tenant_id, request_id=request_id)
    with _notes.lock:
        for owner in owners:
            _add((owner, report.id), _Pending(report, place.name, request_id, now, now))
        _notes.write = _in_context() or _notes.write
        _begin_thread()
    _notes.has_work.set()


def _in_context() -> Callable[[], bool] | None:
    try:
        return in_own_context(_write)
    except RuntimeError:
        # No application: the error waits for the next one that has one.
        return None


def _add(key: _Key, noted: _Pending) -> None:
    """Add to what is pending, as the later one of both; a new kind is left to the log if too many are pending."""
    known = _notes.pending.get(key)
    if known is None:
        if len(_notes.pending) < _MOST_PENDING:
            _notes.pending[key] = noted
        return
    noted.occurrences += known.occurrences
    noted.first_at = min(noted.first_at, known.first_at)
    noted.request_id = noted.request_id or known.request_id
    _notes.pending[key] = noted


def _begin_thread() -> None:
    # A thread that was begun before a fork does not run in the new process.
    if _notes.is_background and (_notes.thread is None or not _notes.thread.is_alive()):
        _notes.thread = threading.Thread(target=_keep_writing, name="program-errors", daemon=True)
        _notes.thread.start()


def _keep_writing() -> None:
    while True:
        _notes.has_work.wait()
        _notes.has_work.clear()
        is_written = write_pending()
        if _notes.is_ending.is_set():
            return
        if not is_written:
            _notes.has_work.set()
        _notes.is_ending.wait(_WRITE_EVERY if is_written else _RETRY_AFTER)


def _write_the_last() -> None:
    thread = _notes.thread
    if thread is not None and thread.is_alive():
        _notes.is_ending.set()
        _notes.has_work.set()
        thread.join(_LAST_WRITE)


def write_pending() -> bool:
    """Write what is noted; return `False` if the database did not take it. Raises nothing."""
    with _notes.lock:
        write = _notes.write
    try:
        return write is None or write()
    except Exception as error:  # noqa: BLE001 - what reports errors must not stop because of one
        log.warning("program_errors_not_written", error=type(error).__name__)
        return False


def _write() -> bool:
    while True:
        with _notes.lock:
            if not _notes.pending:
                return True
            key = next(iter(_notes.pending))
            noted = _notes.pending.pop(key)
        try:
            _write_one(key[0], noted)
        except Exception as error:
            if not is_expected(error):
                # The database is there, and refuses this one: it would refuse it again and again.
                log.warning("program_errors_not_written", error=type(error).__name__, is_kept=False)
                continue
            _keep(key, noted)
            raise


def _keep(key: _Key, noted: _Pending) -> None:
    """Add what was not written to what is pending."""
    with _notes.lock:
        later = _notes.pending.pop(key, None)
        _notes.pending[key] = noted
        if later is not None:
            _add(key, later)


def _write_one(tenant_id: int, noted: _Pending) -> None:
    report = noted.report
    if tenant_id == INSTALLATION:
        # First, because it may be repeated: occurrences that were written are not written again.
        raise_alert_about(report, noted.place)
    with atomic(tenant_id):
        program_errors.add(
            tenant_id,
            id=report.id,
            error_type=report.error_type,
            place=noted.place,
            message=report.message,
            traceback=report.traceback,
            release=_release[0],
            occurrences=noted.occurrences,
            first_at=noted.first_at,
            last_at=noted.last_at,
            last_request_id=noted.request_id,
        )


def forget() -> None:
    """Forget what was not written; for tests."""
    with _notes.lock:
        _notes.pending.clear()

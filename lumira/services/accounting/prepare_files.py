"""Use case: prepare the requested files of a tenant in a worker, and store them."""

from collections.abc import Callable
from datetime import timedelta
from tempfile import TemporaryFile
from typing import IO

import structlog

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.retries import retry_delay
from lumira.models import AccountingFile, AccountingFileKind, AccountingFileState, Language, Receipt
from lumira.repositories.accounting import accounting_files
from lumira.services.accounting.export_fec import write_fec
from lumira.services.accounting.period import Period
from lumira.services.accounting.request_file import CONTENT_TYPES
from lumira.services.accounting.write_documents import Render, add_documents

log = structlog.get_logger()

#: After so many attempts the page says that the file failed; it can be requested again.
_MOST_ATTEMPTS = 5
#: After so many leases it fails unread: every process that prepared it was killed, for lack of memory or disk space.
#: More than `_MOST_ATTEMPTS`, because a worker that is restarted gives its lease back.
_MOST_LEASES = 20
#: How often the lease is renewed: much more often than it ends.
_RENEW_EVERY = timedelta(minutes=1)
#: How long a file is kept. It can be prepared again at any time.
KEPT = timedelta(days=7)
#: Larger than any shop's documents of two years; what is made here needs no bound against strangers.
_LARGEST = 1 << 40
_BATCH = 50


class _Ended(Exception):
    """The process stops, or another one has the file."""


def prepare_files(
    tenant_id: int,
    *,
    render: Callable[[Receipt, str], bytes],
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Prepare the due files one after the other, and return how many are ready now."""
    prepared = 0
    while not is_stopping():
        with atomic(tenant_id):
            file = accounting_files.claim(tenant_id)
        if file is None:
            break
        if file.attempts > _MOST_LEASES:
            log.error("accounting_file_abandoned", file_id=str(file.id), attempts=file.attempts)
            _change(file, state=AccountingFileState.FAILED)
            continue
        prepared += _attempt(file, render, is_stopping)
    return prepared


def _attempt(
    file: AccountingFile, render: Callable[[Receipt, str], bytes], is_stopping: Callable[[], bool]
) -> bool:
    try:
        _prepare(file, lambda document: render(document, file.language), is_stopping)
    except _Ended:
        _change(file, next_attempt_at=utc_now())
        return False
    except Exception:
        log.exception("accounting_file_failed", file_id=str(file.id), attempts=file.attempts)
        if file.attempts >= _MOST_ATTEMPTS:
            _change(file, state=AccountingFileState.FAILED)
        else:
            _change(file, next_attempt_at=utc_now() + retry_delay(file.attempts))
        return False
    return True


def _prepare(file: AccountingFile, render: Render, is_stopping: Callable[[], bool]) -> None:
    with TemporaryFile() as target:
        name, missing = _write(file, target, render, _renewing(file, is_stopping))
        target.seek(0)
        stored = storage.put(file.object_name, target, content_type=CONTENT_TYPES[file.kind], limit=_LARGEST)
    _change(
        file,
        state=AccountingFileState.READY,
        file_name=name,
        size=stored.size,
        sha256=stored.sha256,
        missing=missing,
    )
    log.info("accounting_file_prepared", file_id=str(file.id), kind=str(file.kind), size=stored.size)


def _write(
    file: AccountingFile, target: IO[bytes], render: Render, on_progress: Callable[[int], None]
) -> tuple[str, int]:
    """Write the content; returns the file's name and how many documents are missing."""
    period = Period(file.first_day, file.last_day)
    if file.kind is AccountingFileKind.FEC:
        fec = write_fec(file.tenant_id, period, on_progress=on_progress)
        for part in fec.content:
            target.write(part)
        return fec.name, 0
    written = add_documents(
        target, file.tenant_id, period, Language(file.language), render=render, on_progress=on_progress
    )
    return f"{period.first}-{period.last}.zip", len(written.missing)


def _renewing(file: AccountingFile, is_stopping: Callable[[], bool]) -> Callable[[int], None]:
    """Return what is called while a file is written: it renews the lease, and raises `_Ended`."""
    renewed_at = [utc_now()]

    def renew(_rows: int) -> None:
        if is_stopping():
            raise _Ended
        now = utc_now()
        if now - renewed_at[0] > _RENEW_EVERY:
            renewed_at[0] = now
            if not _change(file, next_attempt_at=now + accounting_files.LEASE):
                raise _Ended

    return renew


def _change(file: AccountingFile, **values: object) -> bool:
    with atomic(file.tenant_id):
        return accounting_files.change(file, **values)


def remove_old_files(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Remove the files that were requested longer ago than `KEPT`, and return how many there were."""
    removed = 0
    while not is_stopping():
        with atomic(tenant_id):
            expired = accounting_files.list_expired(tenant_id, utc_now() - KEPT, limit=_BATCH)
        for file in expired:
            # The object first: a row without an object is harmless, an object without a row is never removed.
            storage.delete(file.object_name)
            with atomic(tenant_id):
                accounting_files.remove(tenant_id, file.id)
        removed += len(expired)
        if len(expired) < _BATCH:
            break
    return removed

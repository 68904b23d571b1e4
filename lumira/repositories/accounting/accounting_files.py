"""Files for the accountant: requested, claimed by a worker, and removed after some days."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.errors.files import FileMissing
from lumira.models import AccountingFile, AccountingFileKind, AccountingFileState
from lumira.models.columns import uuid7

#: A process that has not renewed its lease for so long has ended.
LEASE = timedelta(minutes=10)
#: Files that the page shows.
MOST_SHOWN = 50


def request(
    tenant_id: int,
    kind: AccountingFileKind,
    first_day: date,
    last_day: date,
    *,
    language: str,
    actor: str,
    object_name: str,
) -> bool:
    """Add a file that a worker prepares; `False` if the same one is being prepared."""
    now = utc_now()
    values = {
        "tenant_id": tenant_id,
        "id": uuid7(),
        "kind": kind,
        "first_day": first_day,
        "last_day": last_day,
        "language": language,
        "requested_by": actor,
        "created_at": now,
        "state": AccountingFileState.PENDING,
        "attempts": 0,
        "next_attempt_at": now,
        "object_name": object_name,
        "missing": 0,
    }
    added = db.session.execute(
        insert(AccountingFile)
        .values(values)
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "kind", "first_day", "last_day", "language"],
            index_where=AccountingFile.state == constant(AccountingFileState.PENDING.value),
        )
        .returning(AccountingFile.id)
    )
    return added.first() is not None


def claim(tenant_id: int) -> AccountingFile | None:
    """Claim the file that waits longest, for `LEASE`; `None` if none is due."""
    now = utc_now()
    query = (
        select(AccountingFile)
        .where(
            AccountingFile.tenant_id == tenant_id,
            AccountingFile.state == constant(AccountingFileState.PENDING.value),
            AccountingFile.next_attempt_at <= now,
        )
        .order_by(AccountingFile.next_attempt_at)
        .limit(constant(1))
        .with_for_update(skip_locked=True)
    )
    file = db.session.execute(query).scalar_one_or_none()
    if file is not None:
        file.attempts += 1
        file.next_attempt_at = now + LEASE
        db.session.flush()
    return file


def change(file: AccountingFile, **values: Any) -> bool:
    """Change a file that this process has claimed; `False` if another process claimed it meanwhile."""
    changed = db.session.execute(
        update(AccountingFile)
        .where(
            AccountingFile.tenant_id == file.tenant_id,
            AccountingFile.id == file.id,
            AccountingFile.attempts == file.attempts,
            AccountingFile.state == AccountingFileState.PENDING,
        )
        .values(**values)
        .returning(AccountingFile.id)
        .execution_options(synchronize_session=False)
    )
    return changed.first() is not None


def list_newest(tenant_id: int) -> Sequence[AccountingFile]:
    """Return the newest files, also those that are being prepared."""
    query = select(AccountingFile).where(AccountingFile.tenant_id == tenant_id)
    return (
        db.session.execute(query.order_by(AccountingFile.id.desc()).limit(constant(MOST_SHOWN)))
        .scalars()
        .all()
    )


def get_ready(tenant_id: int, file_id: UUID) -> AccountingFile:
    """Return a file that can be downloaded; raises `FileMissing`."""
    file = db.session.get(AccountingFile, (tenant_id, file_id))
    if file is None or file.state is not AccountingFileState.READY:
        raise FileMissing("There is no such file.")
    return file


def list_expired(tenant_id: int, before: datetime, *, limit: int) -> Sequence[AccountingFile]:
    """Return files that were requested before this time and that no process prepares."""
    query = select(AccountingFile).where(
        AccountingFile.tenant_id == tenant_id,
        AccountingFile.created_at < before,
        AccountingFile.state != AccountingFileState.PENDING,
    )
    return db.session.execute(query.order_by(AccountingFile.id).limit(constant(limit))).scalars().all()


def remove(tenant_id: int, file_id: UUID) -> None:
    """Remove the row of a file whose object was deleted."""
    db.session.execute(
        delete(AccountingFile).where(AccountingFile.tenant_id == tenant_id, AccountingFile.id == file_id)
    )

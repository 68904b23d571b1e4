"""Files: the row is created before its object is stored, and deleted after its object was removed."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select, text, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors.files import FileMissing, StorageUnavailable
from lumira.models import Deliverable, File

#: An upload that has not finished after a day is abandoned.
ABANDONED_AFTER = timedelta(hours=24)
#: The name of a file until it is placed: an uploaded name may be personal data, and export and erasure find a file
#: only once it is placed.
PENDING_NAME = "upload"


def create_pending(tenant_id: int, *, object_name: str, content_type: str) -> File:
    """Create the row of an object that is about to be stored; unless it is placed, a sweep removes the object."""
    file = File(
        tenant_id=tenant_id, object_name=object_name, file_name=PENDING_NAME, content_type=content_type
    )
    db.session.add(file)
    db.session.flush()
    return file


def place(
    tenant_id: int,
    file_id: UUID,
    *,
    file_name: str,
    size: int,
    sha256: str,
    content_id: UUID | None = None,
    deliverable_id: UUID | None = None,
) -> tuple[File, bool]:
    """Assign a stored file to its content or deliverable, replacing the existing one; return it and if it is new.

    An existing file with the same name and the same content stays: uploading it again changes nothing. `size` in
    bytes. The caller holds a lock on the content or the deliverable. Raises `StorageUnavailable` if the pending
    upload was abandoned meanwhile.
    """
    file = _lock(tenant_id, file_id)
    if file is None or file.deleted_at is not None:
        raise StorageUnavailable("The upload took too long; send it again.")
    existing = _find_placed(tenant_id, file_name, content_id=content_id, deliverable_id=deliverable_id)
    now = utc_now()
    if existing is not None and (existing.file_name, existing.sha256) == (file_name, sha256):
        file.deleted_at = now
        return existing, False
    if existing is not None:
        existing.deleted_at = now
        # Flushed first: the unique index refuses two files in one place even for an instant.
        db.session.flush()
    file.file_name, file.size, file.sha256, file.stored_at = file_name, size, sha256, now
    file.content_id, file.deliverable_id = content_id, deliverable_id
    db.session.flush()
    return file, True


def _lock(tenant_id: int, file_id: UUID) -> File | None:
    return db.session.execute(
        select(File).where(File.tenant_id == tenant_id, File.id == file_id).with_for_update()
    ).scalar_one_or_none()


def _find_placed(
    tenant_id: int, file_name: str, *, content_id: UUID | None, deliverable_id: UUID | None
) -> File | None:
    query = select(File).where(File.tenant_id == tenant_id, File.deleted_at.is_(None))
    if content_id is not None:
        query = query.where(File.content_id == content_id)
    else:
        query = query.where(File.deliverable_id == deliverable_id, File.file_name == file_name)
    return db.session.execute(query).scalar_one_or_none()


def abandon(tenant_id: int, file_id: UUID) -> None:
    """Mark a failed upload as deleted; not a placed file, whose commit may have succeeded without a reply."""
    db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.id == file_id, File.stored_at.is_(None))
        .values(deleted_at=utc_now())
    )


def abandon_old(tenant_id: int, now: datetime) -> None:
    """Mark uploads as deleted that never finished, so that none is placed while its object is being removed."""
    db.session.execute(
        update(File)
        .where(
            File.tenant_id == tenant_id,
            File.stored_at.is_(None),
            File.deleted_at.is_(None),
            File.created_at < now - ABANDONED_AFTER,
        )
        .values(deleted_at=now)
    )


def discard(tenant_id: int, file_ids: Iterable[UUID]) -> int:
    """Mark these files as deleted, for the next sweep to remove their objects; return how many there were."""
    return _discard(tenant_id, list(file_ids))


def discard_of_orders(tenant_id: int, order_ids: Collection[UUID]) -> int:
    """Mark the files of all deliverables of these orders as deleted; return how many there were."""
    query = (
        select(File.id)
        .join(
            Deliverable, (Deliverable.tenant_id == File.tenant_id) & (Deliverable.id == File.deliverable_id)
        )
        .where(File.tenant_id == tenant_id, Deliverable.order_id == func.any(list(order_ids)))
    )
    return _discard(tenant_id, list(db.session.execute(query).scalars()))


def _discard(tenant_id: int, file_ids: list[UUID]) -> int:
    discarded = db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.id == func.any(file_ids), File.deleted_at.is_(None))
        .values(deleted_at=utc_now())
        .returning(File.id)
    )
    return len(discarded.all())


def get(tenant_id: int, file_id: UUID) -> File:
    """Return a placed file. Raises `FileMissing` if the tenant has none with this id, or if it was deleted."""
    file = db.session.get(File, (tenant_id, file_id))
    if file is None or file.stored_at is None or file.deleted_at is not None:
        raise FileMissing("There is no such file.")
    return file


def by_content(tenant_id: int, content_ids: Collection[UUID]) -> dict[UUID, File]:
    """Return the files of these contents by content id; a content without a file is not in it."""
    query = select(File).where(
        File.tenant_id == tenant_id,
        File.content_id == func.any(list(content_ids)),
        File.deleted_at.is_(None),
    )
    return {file.content_id: file for file in db.session.execute(query).scalars() if file.content_id}


def by_deliverable(tenant_id: int, deliverable_ids: Collection[UUID]) -> dict[UUID, list[File]]:
    """Return the files of these deliverables by deliverable id, oldest first."""
    query = (
        select(File)
        .where(
            File.tenant_id == tenant_id,
            File.deliverable_id == func.any(list(deliverable_ids)),
            File.deleted_at.is_(None),
        )
        .order_by(File.id)
    )
    files_of: dict[UUID, list[File]] = {}
    for file in db.session.execute(query).scalars():
        if file.deliverable_id is not None:
            files_of.setdefault(file.deliverable_id, []).append(file)
    return files_of


def list_removable(tenant_id: int, *, limit: int, besides: Collection[UUID] = ()) -> list[tuple[UUID, str]]:
    """List id and object name of deleted files, except those of the ids in `besides`; oldest first."""
    rows = db.session.execute(
        select(File.id, File.object_name)
        .where(File.tenant_id == tenant_id, File.deleted_at.is_not(None), File.id != func.all(list(besides)))
        .order_by(File.created_at)
        .limit(limit)
    )
    return [(row.id, row.object_name) for row in rows]


def delete(tenant_id: int, file_id: UUID) -> None:
    """Delete the row of a file whose object was removed."""
    db.session.execute(delete_rows(File).where(File.tenant_id == tenant_id, File.id == file_id))


def tenants_with_files_to_remove(now: datetime) -> list[int]:
    """List the ids of tenants with files to remove; works without a tenant."""
    query = text(
        "SELECT id FROM lumira_tenants_with_files_to_remove(:begun_before) AS id "
        "WHERE id NOT IN (SELECT lumira_frozen_tenants())"
    )
    return list(db.session.execute(query, {"begun_before": now - ABANDONED_AFTER}).scalars())


def list_stored(tenant_id: int, *, after: UUID | None, limit: int) -> list[File]:
    """Return the files with an object that are in use, after the one with this id."""
    query = select(File).where(
        File.tenant_id == tenant_id, File.stored_at.is_not(None), File.deleted_at.is_(None)
    )
    if after is not None:
        query = query.where(File.id > after)
    return list(db.session.execute(query.order_by(File.id).limit(limit)).scalars())

"""Files: begun before the object exists, placed once it does, and marked for removal before it goes."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text, update

from lumira.clock import utc_now
from lumira.database import db
from lumira.errors import FileMissing, StorageUnavailable
from lumira.models import Deliverable, File

#: An upload that has not ended after a day never will.
ABANDONED_AFTER = timedelta(hours=24)
#: What a file is called until it has its place: nobody whom its own name may tell of could be found by it before.
UNPLACED = "upload"


def begin(tenant_id: int, *, object_name: str, content_type: str) -> File:
    """A file whose object is about to be stored: should nothing follow, the object is removed one day."""
    file = File(tenant_id=tenant_id, object_name=object_name, file_name=UNPLACED, content_type=content_type)
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
    """Let a stored file count, instead of the one that stood in its place; the file, and whether it is new.

    A file that is there already, under the same name and with the same content, stays: uploading again
    changes nothing. The caller holds a lock on whatever the file belongs to.
    """
    file = _lock(tenant_id, file_id)
    if file is None or file.deleted_at is not None:
        raise StorageUnavailable("The upload took too long; send it again.")
    known = _in_place(tenant_id, file_name, content_id=content_id, deliverable_id=deliverable_id)
    now = utc_now()
    if known is not None and (known.file_name, known.sha256) == (file_name, sha256):
        file.deleted_at = now
        return known, False
    if known is not None:
        known.deleted_at = now
        # Written first: two files in one place are refused even for an instant.
        db.session.flush()
    file.file_name, file.size, file.sha256, file.stored_at = file_name, size, sha256, now
    file.content_id, file.deliverable_id = content_id, deliverable_id
    db.session.flush()
    return file, True


def _lock(tenant_id: int, file_id: UUID) -> File | None:
    return db.session.execute(
        select(File).where(File.tenant_id == tenant_id, File.id == file_id).with_for_update()
    ).scalar_one_or_none()


def _in_place(
    tenant_id: int, file_name: str, *, content_id: UUID | None, deliverable_id: UUID | None
) -> File | None:
    query = select(File).where(File.tenant_id == tenant_id, File.deleted_at.is_(None))
    if content_id is not None:
        query = query.where(File.content_id == content_id)
    else:
        query = query.where(File.deliverable_id == deliverable_id, File.file_name == file_name)
    return db.session.execute(query).scalar_one_or_none()


def abandon(tenant_id: int, file_id: UUID) -> None:
    """Give an upload up that came to nothing; not one that was placed after all, by a commit nobody heard of."""
    db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.id == file_id, File.stored_at.is_(None))
        .values(deleted_at=utc_now())
    )


def abandon_old(tenant_id: int, now: datetime) -> None:
    """Give up what was never stored, so that nobody places it while its object is being removed."""
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
    """Let these files count no more; their objects are removed by the next sweep. How many there were."""
    return _discard(tenant_id, list(file_ids))


def discard_of_orders(tenant_id: int, order_ids: Collection[UUID]) -> int:
    """Let every file that was made for these orders count no more; how many there were."""
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
    """One file that counts; `FileMissing` if this tenant has none such, or no longer."""
    file = db.session.get(File, (tenant_id, file_id))
    if file is None or file.stored_at is None or file.deleted_at is not None:
        raise FileMissing("There is no such file.")
    return file


def of_contents(tenant_id: int, content_ids: Collection[UUID]) -> dict[UUID, File]:
    """For each content that has one its file."""
    query = select(File).where(
        File.tenant_id == tenant_id,
        File.content_id == func.any(list(content_ids)),
        File.deleted_at.is_(None),
    )
    return {file.content_id: file for file in db.session.execute(query).scalars() if file.content_id}


def of_deliverables(tenant_id: int, deliverable_ids: Collection[UUID]) -> dict[UUID, list[File]]:
    """For each deliverable that has any its files, as they came."""
    query = (
        select(File)
        .where(
            File.tenant_id == tenant_id,
            File.deliverable_id == func.any(list(deliverable_ids)),
            File.deleted_at.is_(None),
        )
        .order_by(File.id)
    )
    found: dict[UUID, list[File]] = {}
    for file in db.session.execute(query).scalars():
        if file.deliverable_id is not None:
            found.setdefault(file.deliverable_id, []).append(file)
    return found


def to_remove(tenant_id: int, *, limit: int, besides: Collection[UUID] = ()) -> list[tuple[UUID, str]]:
    """Id and object of files that count no more, `besides` those of these ids; oldest first."""
    rows = db.session.execute(
        select(File.id, File.object_name)
        .where(File.tenant_id == tenant_id, File.deleted_at.is_not(None), File.id != func.all(list(besides)))
        .order_by(File.created_at)
        .limit(limit)
    )
    return [(row.id, row.object_name) for row in rows]


def forget(tenant_id: int, file_id: UUID) -> None:
    """Remove the row of a file whose object is gone."""
    db.session.execute(delete(File).where(File.tenant_id == tenant_id, File.id == file_id))


def tenants_with_files_to_remove(now: datetime) -> list[int]:
    """Tenants with anything to remove; works without a tenant."""
    query = text("SELECT lumira_tenants_with_files_to_remove(:begun_before)")
    return list(db.session.execute(query, {"begun_before": now - ABANDONED_AFTER}).scalars())

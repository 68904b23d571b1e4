"""Remove deleted files from storage: replaced and erased ones, and abandoned uploads."""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from uuid import UUID

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors.files import StorageUnavailable
from lumira.repositories.fulfilment import files

_BATCH = 50
#: A refused object fails at once; failures that took this long in total mean that storage is unavailable.
_MAX_FAILURE_TIME = timedelta(minutes=1)


def tenants_with_files_to_remove() -> list[int]:
    """List the ids of tenants with files for the next sweep."""
    with atomic(None):
        return files.tenants_with_files_to_remove(utc_now())


def remove_files(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Remove the objects of deleted files, then their rows; return how many were removed.

    Raises `StorageUnavailable` at the end if any could not be removed: those stay for the next sweep and do not
    block the others.
    """
    removed, failure_time = 0, timedelta()
    failed: set[UUID] = set()
    failure: StorageUnavailable | None = None
    for file_id, object_name in _due(tenant_id, besides=failed):
        if is_stopping() or failure_time > _MAX_FAILURE_TIME:
            break
        started_at = utc_now()
        try:
            _remove(tenant_id, file_id, object_name)
            removed += 1
        except StorageUnavailable as error:
            failure_time += utc_now() - started_at
            failed.add(file_id)
            failure = error
    if failure is not None:
        raise failure
    return removed


def _due(tenant_id: int, *, besides: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
    """Yield all removable files, batch by batch; `besides` may grow meanwhile."""
    while True:
        with atomic(tenant_id):
            files.abandon_old(tenant_id, utc_now())
            batch = files.list_removable(tenant_id, limit=_BATCH, besides=besides)
        if not batch:
            return
        yield from batch


def _remove(tenant_id: int, file_id: UUID, object_name: str) -> None:
    # The object first: a row without an object is harmless, an object without a row is never removed.
    storage.delete(object_name)
    with atomic(tenant_id):
        files.delete(tenant_id, file_id)

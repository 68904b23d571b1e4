"""Removing from storage what counts no more: replaced files, erased ones, and uploads that never ended."""

from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from uuid import UUID

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import StorageUnavailable
from lumira.repositories import files

_BATCH = 50
#: Objects that are refused are refused at once. Where so much time was lost, storage is away.
_LONGEST_IN_VAIN = timedelta(minutes=1)


def tenants_with_files_to_remove() -> list[int]:
    """Tenants whose files are looked at by the next sweep."""
    with atomic(None):
        return files.tenants_with_files_to_remove(utc_now())


def remove_files(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Remove the objects of files that count no more, then their rows; how many.

    `StorageUnavailable` if any could not be: those stay marked for the next time, and hold up no other.
    """
    removed, in_vain = 0, timedelta()
    kept: set[UUID] = set()
    failure: StorageUnavailable | None = None
    for file_id, object_name in _due(tenant_id, besides=kept):
        if is_stopping() or in_vain > _LONGEST_IN_VAIN:
            break
        began = utc_now()
        try:
            _remove(tenant_id, file_id, object_name)
            removed += 1
        except StorageUnavailable as error:
            in_vain += utc_now() - began
            kept.add(file_id)
            failure = error
    if failure is not None:
        raise failure
    return removed


def _due(tenant_id: int, *, besides: Collection[UUID]) -> Iterator[tuple[UUID, str]]:
    """All that is to remove, a batch at a time; `besides` may grow meanwhile."""
    while True:
        with atomic(tenant_id):
            files.abandon_old(tenant_id, utc_now())
            batch = files.to_remove(tenant_id, limit=_BATCH, besides=besides)
        if not batch:
            return
        yield from batch


def _remove(tenant_id: int, file_id: UUID, object_name: str) -> None:
    # The object first: a row without an object does no harm, an object without a row stays for ever.
    storage.delete(object_name)
    with atomic(tenant_id):
        files.forget(tenant_id, file_id)

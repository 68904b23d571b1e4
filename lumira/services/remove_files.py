"""Removing from storage what counts no more: replaced files, erased ones, and uploads that never ended."""

from collections.abc import Callable

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.services import files

_BATCH = 50


def tenants_with_files_to_remove() -> list[int]:
    """Tenants whose files are looked at by the next sweep."""
    with atomic(None):
        return files.tenants_with_files_to_remove(utc_now())


def remove_files(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Remove the objects of files that count no more, then their rows; how many.

    `StorageUnavailable` ends it: what is left stays marked for the next time.
    """
    removed = 0
    while not is_stopping():
        with atomic(tenant_id):
            files.abandon_old(tenant_id, utc_now())
            due = files.to_remove(tenant_id, limit=_BATCH)
        for file_id, object_name in due:
            # The object first: a row without an object does no harm, an object without a row stays for ever.
            storage.delete(object_name)
            with atomic(tenant_id):
                files.forget(tenant_id, file_id)
            removed += 1
        if len(due) < _BATCH:
            break
    return removed

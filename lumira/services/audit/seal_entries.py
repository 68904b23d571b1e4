"""Adds committed entries of the audit log to the tenant's hash chain."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.audit_chain import text_of
from lumira.models.columns import uuid7_from
from lumira.repositories import hash_chains
from lumira.repositories.audit import audit_chain
from lumira.repositories.hash_chains import AUDIT

#: Entries of one transaction.
BATCH = 1_000
#: How far back entries are looked for each time. A transaction that began with the smallest id of these has long ended;
#: `seal_all` finds what was committed even later, or by a process whose clock is wrong.
_WINDOW = timedelta(hours=2)


def seal_recent(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Seal the entries of the last two hours that are not sealed, and return how many there were."""
    return _seal(tenant_id, uuid7_from(utc_now(), shifted=-_WINDOW), is_stopping)


def seal_all(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> int:
    """Seal every entry that is not sealed, and return how many there were. Reads the whole log."""
    return _seal(tenant_id, UUID(int=0), is_stopping)


def _seal(tenant_id: int, after: UUID, is_stopping: Callable[[], bool]) -> int:
    sealed = 0
    while not is_stopping():
        last_id, count = _seal_batch(tenant_id, after)
        sealed += count
        if last_id is None or count < BATCH:
            break
        # An entry with a smaller id that is committed meanwhile is found by the next run.
        after = last_id
    return sealed


@retried
def _seal_batch(tenant_id: int, after: UUID) -> tuple[UUID | None, int]:
    with atomic(tenant_id):
        hash_chains.lock(AUDIT, tenant_id)
        entries = audit_chain.list_unsealed(tenant_id, after=after, limit=BATCH)
        if not entries:
            return None, 0
        contents = (({"entry_id": entry.id}, text_of(entry)) for entry in entries)
        hash_chains.append(AUDIT, tenant_id, contents, utc_now())
        return entries[-1].id, len(entries)

"""The audit log, written in the transaction of the action that it records."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import func, select

from lumira.database import constant, db, is_frozen, show_tenant
from lumira.models import AuditEntry
from lumira.models.columns import uuid7_from
from lumira.repositories.tenants import tenants

log = structlog.get_logger()

#: The fields of the log that name the request, command or job.
_ORIGINS = ("request_id", "job_id")
#: By how much the id and `at` of an entry may differ, where the clock is set between them.
_CLOCK_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; `None` for any."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None
    since: datetime | None = None
    #: Before this time.
    until: datetime | None = None


def record(tenant_id: int, *, actor: str, action: str, subject: str, **details: object) -> None:
    """Record one action. `details` must hold no personal data, because an erasure does not change entries.

    The id of the request, command or job is added, by which the log finds what belongs to the action.
    """
    db.session.add(
        AuditEntry(
            tenant_id=tenant_id, actor=actor, action=action, subject=subject, details={**details, **_origin()}
        )
    )


def record_reading(tenant_id: int, *, actor: str, action: str, subject: str, **details: object) -> None:
    """Record that data was read, such as for an export, and nothing changed.

    What is frozen can be read, and takes no entry: Lumira's log has it instead.
    """
    if is_frozen():
        log.info("frozen_tenant_read", actor=actor, action=action, subject=subject, **details)
    else:
        record(tenant_id, actor=actor, action=action, subject=subject, **details)


def _origin() -> dict[str, object]:
    fields = structlog.contextvars.get_contextvars()
    return {name: fields[name] for name in _ORIGINS if name in fields}


def find_last(tenant_id: int, *, action: str, subjects: Collection[str]) -> dict[str, datetime]:
    """Return when this action was last recorded about each of these subjects, by subject."""
    query = (
        select(AuditEntry.subject, func.max(AuditEntry.at))
        .where(
            AuditEntry.tenant_id == tenant_id,
            AuditEntry.subject == func.any(list(subjects)),
            AuditEntry.action == action,
        )
        .group_by(AuditEntry.subject)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def list_entries(
    tenant_id: int, wanted: AuditFilter, *, before: UUID | None = None, limit: int = 100
) -> Sequence[AuditEntry]:
    """Return entries, newest first, from before the entry with the id `before`."""
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id)
    for column, value in (
        (AuditEntry.subject, wanted.subject),
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        # The ids bound how many entries are read.
        query = query.where(
            AuditEntry.at >= wanted.since, AuditEntry.id > uuid7_from(wanted.since, shifted=-_CLOCK_STEP)
        )
    if wanted.until is not None:
        query = query.where(
            AuditEntry.at < wanted.until, AuditEntry.id < uuid7_from(wanted.until, shifted=_CLOCK_STEP)
        )
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return db.session.execute(query.order_by(AuditEntry.id.desc()).limit(constant(limit))).scalars().all()


def record_of_operator(
    tenant_ids: Iterable[int], operator_id: UUID, *, action: str, **details: object
) -> None:
    """Record what the entered operator did to their own account, at each of these tenants of the operator.

    In a transaction of no tenant. Each entry is written as one of its tenant, which sees it as its own row. A frozen
    tenant gets none: nothing of it is changed, and the operator's account is not the tenant's alone.
    """
    subject = f"operator:{operator_id}"
    db.session.flush()
    frozen = {*tenants.list_frozen_ids()}
    for tenant_id in [tenant_id for tenant_id in tenant_ids if tenant_id not in frozen]:
        show_tenant(db.session.connection(), tenant_id)
        record(tenant_id, actor=subject, action=action, subject=subject, **details)
        db.session.flush()
    show_tenant(db.session.connection(), None)

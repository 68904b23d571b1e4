"""The entries of the audit log with the links of its hash chain, inside the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from lumira.database import db
from lumira.domain.audit_chain import Entry
from lumira.models import AuditEntry, AuditLink

_ENTRY = (
    AuditEntry.id,
    AuditEntry.at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.details,
)


@dataclass(frozen=True, slots=True)
class LinkedEntry:
    """A link, and its entry; `None` if the entry is missing."""

    sequence: int
    entry_id: UUID
    digest: bytes
    entry: Entry | None


def list_unsealed(tenant_id: int, *, after: UUID, limit: int) -> list[Entry]:
    """Return committed entries without a link whose id is larger than `after`, by id."""
    query = (
        select(*_ENTRY)
        .where(AuditEntry.tenant_id == tenant_id, AuditEntry.id > after, _is_unsealed(tenant_id))
        .order_by(AuditEntry.id)
        .limit(limit)
    )
    return [_entry(tenant_id, row) for row in db.session.execute(query)]


def count_unsealed(tenant_id: int, *, before: datetime) -> int:
    """Return how many entries from before this time have no link."""
    query = select(func.count()).where(
        AuditEntry.tenant_id == tenant_id, AuditEntry.at < before, _is_unsealed(tenant_id)
    )
    return db.session.execute(query).scalar_one()


def _is_unsealed(tenant_id: int) -> ColumnElement[bool]:
    has_link = select(AuditLink.sequence).where(
        AuditLink.tenant_id == tenant_id, AuditLink.entry_id == AuditEntry.id
    )
    return ~has_link.exists()


def list_links(tenant_id: int, *, after: int, limit: int) -> list[LinkedEntry]:
    """Return the links after a sequence with their entries, in the order of the chain."""
    query = (
        select(AuditLink.sequence, AuditLink.entry_id, AuditLink.digest, *_ENTRY)
        .outerjoin(
            AuditEntry,
            (AuditEntry.tenant_id == AuditLink.tenant_id) & (AuditEntry.id == AuditLink.entry_id),
        )
        .where(AuditLink.tenant_id == tenant_id, AuditLink.sequence > after)
        .order_by(AuditLink.sequence)
        .limit(limit)
    )
    return [
        LinkedEntry(
            row.sequence, row.entry_id, row.digest, None if row.at is None else _entry(tenant_id, row)
        )
        for row in db.session.execute(query)
    ]


def _entry(tenant_id: int, row: Row[Any]) -> Entry:
    return Entry(tenant_id, row.id, row.at, row.actor, row.action, row.subject, row.details)

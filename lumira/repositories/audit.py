"""The audit log, written in the transaction of the action that it records."""

from collections.abc import Sequence

from sqlalchemy import select

from lumira.database import constant, db
from lumira.models import AuditEntry


def record(tenant_id: int, *, actor: str, action: str, subject: str, **details: object) -> None:
    """Record one action. `details` must hold no personal data, because an erasure does not change entries."""
    db.session.add(
        AuditEntry(tenant_id=tenant_id, actor=actor, action=action, subject=subject, details=details)
    )


def list_about(tenant_id: int, subject: str, *, limit: int = 100) -> Sequence[AuditEntry]:
    """Return the newest entries about one subject, newest first."""
    query = select(AuditEntry).where(AuditEntry.tenant_id == tenant_id, AuditEntry.subject == subject)
    return db.session.execute(query.order_by(AuditEntry.id.desc()).limit(constant(limit))).scalars().all()

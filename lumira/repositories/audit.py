"""The audit log, written in the transaction of the action that it records."""

from lumira.database import db
from lumira.models import AuditEntry


def record(tenant_id: int, *, actor: str, action: str, subject: str, **details: object) -> None:
    """Record one action. `details` must hold no personal data, because an erasure does not change entries."""
    db.session.add(
        AuditEntry(tenant_id=tenant_id, actor=actor, action=action, subject=subject, details=details)
    )

"""What was done and by whom, written in the transaction that does it."""

from lumira.database import db
from lumira.models import AuditEntry


def record(tenant_id: int, *, actor: str, action: str, subject: str, **details: object) -> None:
    """Note one act. `details` must hold no personal data: entries outlive the erasing of a person."""
    db.session.add(
        AuditEntry(tenant_id=tenant_id, actor=actor, action=action, subject=subject, details=details)
    )

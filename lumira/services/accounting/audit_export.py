"""The audit entry of each export."""

from lumira.repositories.audit import audit
from lumira.services.accounting.period import Period


def audit_export(tenant_id: int, what: str, period: Period, *, actor: str) -> None:
    """Record who exported what, inside the caller's transaction."""
    audit.record_reading(
        tenant_id,
        actor=actor,
        action="accounting_exported",
        subject="tenant",
        what=what,
        first_day=period.first.isoformat(),
        last_day=period.last.isoformat(),
    )

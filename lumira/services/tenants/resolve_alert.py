"""An operator marks an alert as resolved."""

from uuid import UUID

from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import Alert
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit


def resolve_alert(tenant_id: int, alert_id: UUID, *, actor: str) -> Alert:
    """Resolve an alert, and return it as it was before. If the problem recurs, it is raised again.

    Raises `NotFound`.
    """
    with atomic(tenant_id):
        alert = alerts.find(tenant_id, alert_id)
        if alert is None:
            raise NotFound("There is no such alert.")
        if alert.resolved_at is None:
            alerts.resolve(tenant_id, kind=alert.kind, subject=alert.subject, by=actor)
            audit.record(
                tenant_id,
                actor=actor,
                action="alert_resolved",
                subject=f"alert:{alert.id}",
                kind=alert.kind,
                about=alert.subject,
            )
        return alert

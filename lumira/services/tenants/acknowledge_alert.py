"""An operator takes note of an alert."""

from uuid import UUID

from lumira.database import atomic
from lumira.errors import NotFound
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit


def acknowledge_alert(tenant_id: int, alert_id: UUID, *, actor: str) -> bool:
    """Note that the operator takes care of an open alert; no e-mail about it is sent any more.

    Returns `False` if it is resolved, or was acknowledged before: the first operator stays. Raises `NotFound`.
    """
    with atomic(tenant_id):
        alert = alerts.find(tenant_id, alert_id)
        if alert is None:
            raise NotFound("There is no such alert.")
        if not alerts.acknowledge(tenant_id, alert_id, by=actor):
            return False
        audit.record(
            tenant_id,
            actor=actor,
            action="alert_acknowledged",
            subject=f"alert:{alert.id}",
            kind=alert.kind,
            about=alert.subject,
        )
        return True

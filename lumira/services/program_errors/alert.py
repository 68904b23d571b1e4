"""The alert about a kind of error: raised at one tenant, whose team operates the installation."""

from uuid import UUID

from lumira.database import atomic
from lumira.error_reports import ErrorReport
from lumira.models import AlertKind
from lumira.repositories.alerts import alerts, conditions
from lumira.repositories.tenants import tenants

_default_tenant: list[str | None] = [None]


def configure(default_tenant: str | None) -> None:
    """Set the slug of the tenant whose team gets the alerts; `None`: the oldest tenant's."""
    _default_tenant[:] = [default_tenant]


def raise_alert_about(report: ErrorReport, place: str) -> None:
    """Raise one alert about a kind of error, unless it is open; nothing happens while there is no tenant."""
    tenant_id = alerted_tenant()
    if tenant_id is None:
        return
    with atomic(tenant_id):
        conditions.note(
            tenant_id,
            kind=AlertKind.PROGRAM_ERROR,
            subject=str(report.id),
            is_true=True,
            error=report.error_type,
            place=place,
        )


def resolve_alert_about_silent(error_id: UUID) -> None:
    """Resolve the alert about a kind of error that stays away, and notify the team if it was notified of the alert."""
    tenant_id = alerted_tenant()
    if tenant_id is not None:
        with atomic(tenant_id):
            conditions.resolve_ended(tenant_id, kind=AlertKind.PROGRAM_ERROR, subject=str(error_id))


def resolve_alert_about(error_id: UUID, *, by: str) -> None:
    """Resolve the alert about a kind of error, if it is open, for an operator."""
    tenant_id = alerted_tenant()
    if tenant_id is not None:
        with atomic(tenant_id):
            alerts.resolve(tenant_id, kind=AlertKind.PROGRAM_ERROR, subject=str(error_id), by=by)


def alerted_tenant() -> int | None:
    """Return the tenant whose team gets the alerts: the default tenant, else the oldest; `None` without a tenant."""
    slug = _default_tenant[0]
    with atomic(None):
        by_slug = None if slug is None else tenants.find_id(slug)
        return by_slug if by_slug is not None else min(tenants.list_active_ids(), default=None)

"""Diagnose a tenant's connection to Dolibarr by what its check and its queue have noted; makes no call."""

from collections.abc import Iterator
from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.crm.findings import has_fault, read_findings
from lumira.repositories.crm import crm_connections, crm_queue, crm_tasks
from lumira.repositories.tenants import tenants
from lumira.services.installation.findings import Finding, fault, ok, warning

_SUBJECT = "Dolibarr"
#: Records are written at once, and for hours after Dolibarr was down for days.
_LATE_AFTER = timedelta(hours=1)


def diagnose_crm(tenant_id: int) -> Iterator[Finding]:
    """Yield what is wrong with the connection; nothing for a tenant without one."""
    with atomic(tenant_id):
        tenant, connection = tenants.get(tenant_id), crm_connections.find(tenant_id)
        if connection is None:
            return
        slug, switched_on_at = tenant.slug, tenant.crm_switched_on_at
        findings, lane = read_findings(connection.findings), crm_queue.find_lane(tenant_id)
        figures = crm_tasks.figures(tenant_id)
    if switched_on_at is None:
        yield ok(_SUBJECT, "crm_off", tenant=slug)
        return
    found = []
    if has_fault(findings):
        found.append(fault(_SUBJECT, "crm_check_failed", tenant=slug))
    if lane is not None and lane.failing_since is not None:
        found.append(fault(_SUBJECT, "crm_fails", tenant=slug, at=lane.failing_since))
    if figures.parked:
        found.append(warning(_SUBJECT, "crm_parked", tenant=slug, number=figures.parked))
    if figures.oldest_at is not None and utc_now() - figures.oldest_at > _LATE_AFTER:
        found.append(warning(_SUBJECT, "crm_late", tenant=slug, number=figures.pending, at=figures.oldest_at))
    yield from found
    if not found:
        yield ok(_SUBJECT, "crm_works", tenant=slug, number=figures.pending)

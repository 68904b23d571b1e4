"""Freezes a tenant while it is moved to another installation, and lets it sell again."""

from datetime import datetime

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import TenantExported
from lumira.models import Tenant
from lumira.repositories.audit import audit
from lumira.repositories.tenants import tenants


def freeze_tenant(tenant_id: int, *, actor: str) -> datetime:
    """Make all transactions of the tenant that begin from now on read-only; return since when they are.

    A tenant that is frozen stays as it is. Raises `TenantExported` if it was removed.
    """
    with atomic(tenant_id, changes_frozen=True):
        tenant = tenants.lock(tenant_id)
        if tenant.removed_at is not None:
            raise TenantExported(f"{tenant.slug} was removed here: it sells in another installation.")
        if tenant.frozen_at is None:
            tenant.frozen_at = utc_now()
            audit.record(tenant_id, actor=actor, action="tenant_frozen", subject="tenant")
        return tenant.frozen_at


def resume_tenant(tenant_id: int, *, actor: str, discards_export: bool = False) -> bool:
    """Let the tenant be changed again; return `False` if it was not frozen.

    Raises `TenantExported` if an archive of it was written since, unless the caller `discards_export`: the tenant
    would sell in two installations. Raises it in any case if the tenant was removed.
    """
    with atomic(tenant_id, changes_frozen=True):
        tenant = tenants.lock(tenant_id)
        if tenant.frozen_at is None:
            return False
        if tenant.removed_at is not None:
            raise TenantExported(f"{tenant.slug} was removed here: it sells in another installation.")
        if tenant.export_id is not None and not discards_export:
            raise TenantExported(_exported(tenant))
        audit.record(
            tenant_id,
            actor=actor,
            action="tenant_resumed",
            subject="tenant",
            **({} if tenant.export_id is None else {"discarded_export": str(tenant.export_id)}),
        )
        tenant.export_id = tenant.frozen_at = None
        return True


def _exported(tenant: Tenant) -> str:
    return (
        f"{tenant.slug} was exported (archive {tenant.export_id}) and may sell in another installation. If that "
        "archive was not imported and will not be, repeat the command with --discard-export."
    )

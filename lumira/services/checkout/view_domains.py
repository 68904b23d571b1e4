"""The domains of a shop, which may show its checkout in a frame. Changes nothing."""

from lumira.database import atomic
from lumira.repositories.tenants import tenants


def view_domains(tenant_id: int) -> list[str]:
    """Return the tenant's domains, in alphabetical order."""
    with atomic(tenant_id):
        return tenants.list_domains(tenant_id)

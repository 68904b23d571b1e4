"""Lists the shops of the installation. Changes nothing."""

from lumira.database import atomic
from lumira.models import Tenant
from lumira.repositories.tenants import tenants


def list_shops() -> list[Tenant]:
    """Return every tenant, in the order of their slugs."""
    with atomic(None):
        tenant_ids = tenants.list_ids()
    shops = []
    for tenant_id in tenant_ids:
        with atomic(tenant_id):
            shops.append(tenants.get(tenant_id))
    return sorted(shops, key=lambda tenant: tenant.slug)

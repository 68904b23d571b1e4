"""What the dashboard shows of a shop on every page."""

from dataclasses import dataclass

from lumira.database import atomic
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class ShopDescription:
    """A tenant's names, time zone and currency, and whether it is frozen."""

    slug: str
    name: str
    time_zone: str
    currency: str
    is_frozen: bool


def describe_shop(tenant_id: int) -> ShopDescription:
    """Return the description of a tenant; raises `TenantNotFound`."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        return ShopDescription(
            tenant.slug, tenant.name, tenant.time_zone, tenant.currency, tenant.frozen_at is not None
        )

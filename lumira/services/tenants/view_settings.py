"""The settings of a tenant for its owners. Changes nothing, and decrypts nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.database import atomic
from lumira.domain.shown_values import fingerprint_of
from lumira.models import Tenant
from lumira.repositories.tenants import stripe_accounts, tenants


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """A webhook secret by the first digits of its fingerprint."""

    id: UUID
    fingerprint: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """A tenant with its domains and webhook secrets."""

    tenant: Tenant
    domains: list[str]
    webhook_secrets: list[StoredSecret]

    def fingerprint(self, names: Sequence[str]) -> str:
        """Return the fingerprint of some settings, with which a form says what it showed."""
        return fingerprint_of(
            {name: self.domains if name == "domains" else getattr(self.tenant, name) for name in names}
        )


def view_settings(tenant_id: int) -> TenantSettings:
    """Return the settings of a tenant."""
    with atomic(tenant_id):
        return TenantSettings(
            tenants.get(tenant_id),
            tenants.list_domains(tenant_id),
            [
                StoredSecret(row.id, row.fingerprint[:8], row.created_at)
                for row in stripe_accounts.list_webhook_secret_rows(tenant_id)
            ],
        )

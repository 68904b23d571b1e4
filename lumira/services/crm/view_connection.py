"""The connection of a tenant to Dolibarr for its owners. Changes nothing, and decrypts nothing."""

from dataclasses import dataclass
from datetime import datetime

from lumira.database import atomic
from lumira.domain.crm.findings import CrmFinding, has_fault, read_findings
from lumira.domain.crm.settings import CrmSettings
from lumira.domain.shown_values import fingerprint_of
from lumira.models import CrmConnection, LostDisputePolicy, Tenant
from lumira.repositories.crm import crm_connections
from lumira.repositories.tenants import tenants


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """A connection without its key; `settings` is `None` while there is none."""

    slug: str
    settings: CrmSettings | None
    has_key: bool
    switched_on_at: datetime | None
    checked_at: datetime | None
    findings: list[CrmFinding]
    #: The rate of a product without one of its own, in percent; `None` if the seller's legal lines have none.
    default_rate: str | None

    @property
    def may_switch_on(self) -> bool:
        """Whether the last check, made since the last change, found nothing that keeps sales from being written."""
        return self.has_key and self.checked_at is not None and not has_fault(self.findings)

    @property
    def fingerprint(self) -> str:
        """With this a form says which settings it showed."""
        return fingerprint_of({} if self.settings is None else _values(self.settings))


def view_connection(tenant_id: int) -> ConnectionView:
    """Return the tenant's connection, switched on or not."""
    with atomic(tenant_id):
        tenant, connection = tenants.get(tenant_id), crm_connections.find(tenant_id)
        return ConnectionView(
            slug=tenant.slug,
            settings=None if connection is None else settings_of(tenant, connection),
            has_key=connection is not None and connection.api_key_sealed is not None,
            switched_on_at=tenant.crm_switched_on_at,
            checked_at=None if connection is None else connection.checked_at,
            findings=[] if connection is None else read_findings(connection.findings),
            default_rate=(tenant.seller or {}).get("vat_rate"),
        )


def settings_of(tenant: Tenant, connection: CrmConnection) -> CrmSettings:
    """Return what a connection has besides its key."""
    return CrmSettings(
        url=connection.url,
        entity=connection.entity,
        bank_account_id=connection.bank_account_id,
        payment_type_id=connection.payment_type_id,
        category_id=connection.category_id,
        vat_rates=dict(connection.vat_rates),
        lost_disputes=LostDisputePolicy(connection.lost_disputes),
        takes_test_sales=tenant.crm_takes_test_sales,
    )


def _values(settings: CrmSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__slots__}

"""Set and remove the connection of a tenant to Dolibarr, and switch it on and off."""

from dataclasses import asdict

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrRefused
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.crm.findings import has_fault, read_findings
from lumira.domain.crm.settings import CrmSettings
from lumira.errors.crm import CrmNotChecked, CrmNotConnected, CrmUrlRefused, UnknownProduct
from lumira.models import CrmConnection, Tenant
from lumira.repositories.audit import audit
from lumira.repositories.catalog import products
from lumira.repositories.catalog.catalog_products import differing, write
from lumira.repositories.crm import crm_connections, crm_inboxes
from lumira.repositories.tenants import tenants


@retried
def set_connection(tenant_id: int, settings: CrmSettings, *, api_key: str | None, actor: str) -> bool:
    """Give the tenant's connection these values, and create it if there is none; return whether anything changed.

    Without `api_key` the stored one stays, unless the URL is another one: a stored key is never sent to another host,
    so it is dropped, and the connection is switched off. What changes has to be checked again. Raises `CrmUrlRefused`
    if no Dolibarr may have the URL, and `UnknownProduct` if a VAT rate names no product.
    """
    try:
        dolibarr.check_url(settings.url)
    except DolibarrRefused as error:
        raise CrmUrlRefused(str(error)) from None
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        _require_products(tenant_id, settings)
        values = asdict(settings)
        test_sales = differing(tenant, {"crm_takes_test_sales": values.pop("takes_test_sales")})
        write(tenant, test_sales)
        changed = crm_connections.change(tenant, values) + test_sales
        connection = crm_connections.find(tenant_id)
        if api_key is not None and connection is not None:
            crm_connections.set_api_key(connection, api_key)
        if not changed and api_key is None:
            return False
        if changed:
            # No catalog file with other values undoes them by itself.
            tenant.edited_fields = sorted({*tenant.edited_fields, "crm"})
        if connection is not None:
            crm_connections.forget_check(connection)
        _audit(
            tenant_id,
            "crm_connection_set",
            actor=actor,
            fields=[field.name for field in changed],
            has_new_key=api_key is not None,
        )
        return True


@retried
def remove_connection(tenant_id: int, *, actor: str) -> bool:
    """Remove the connection with its key; `False` if there was none. What was written to Dolibarr stays there."""
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        if not crm_connections.remove(tenant_id):
            return False
        tenant.crm_switched_on_at = None
        _audit(tenant_id, "crm_connection_removed", actor=actor)
        return True


@retried
def switch_on(tenant_id: int, *, actor: str) -> bool:
    """Write what is sold from now on to Dolibarr; `False` if that was so already.

    Raises `CrmNotConnected` without a connection or key, and `CrmNotChecked` unless the last check, made since the last
    change, found nothing that keeps sales from being written.
    """
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        connection = crm_connections.find(tenant_id)
        _require_checked(connection)
        if tenant.crm_switched_on_at is not None:
            return False
        tenant.crm_switched_on_at = utc_now()
        # From now on what changes there comes back.
        crm_inboxes.ensure(tenant_id)
        _audit(tenant_id, "crm_switched_on", actor=actor)
        return True


@retried
def switch_off(tenant_id: int, *, actor: str) -> bool:
    """Write nothing more to Dolibarr; `False` if that was so already. `flask crm sync` writes it later."""
    with atomic(tenant_id):
        tenant: Tenant = tenants.lock(tenant_id)
        if tenant.crm_switched_on_at is None:
            return False
        tenant.crm_switched_on_at = None
        _audit(tenant_id, "crm_switched_off", actor=actor)
        return True


def _require_checked(connection: CrmConnection | None) -> None:
    if connection is None or connection.api_key_sealed is None:
        raise CrmNotConnected("Enter the URL and the API key of Dolibarr first.")
    if connection.checked_at is None or has_fault(read_findings(connection.findings)):
        raise CrmNotChecked("Check the connection first, and repair what the check finds.")


def _require_products(tenant_id: int, settings: CrmSettings) -> None:
    named = set(settings.vat_rates)
    unknown = sorted(named - products.list_by_ids(tenant_id, named).keys()) if named else []
    if unknown:
        raise UnknownProduct(f"There is no product {unknown[0]}.", product=unknown[0])


def _audit(tenant_id: int, action: str, *, actor: str, **details: object) -> None:
    audit.record(tenant_id, actor=actor, action=action, subject="crm", **details)

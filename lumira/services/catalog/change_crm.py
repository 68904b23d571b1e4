"""Give a tenant's connection to Dolibarr the values of a catalog file. Its key never stands in a file."""

from collections.abc import Mapping
from typing import Any

from lumira.clients import dolibarr
from lumira.clients.dolibarr import DolibarrRefused
from lumira.domain.crm.settings import stored_url
from lumira.errors.catalog import CatalogError
from lumira.models import Tenant
from lumira.repositories.catalog import products
from lumira.repositories.catalog.catalog_products import FieldChange
from lumira.repositories.crm import crm_connections

#: The name of the connection among the changed and edited settings.
CRM = "crm"


def change_crm(tenant: Tenant, described: Mapping[str, Any] | None) -> tuple[FieldChange, ...]:
    """Give the connection of a locked tenant these values, and return the change; what the file omits stays.

    Raises `CatalogError` if no Dolibarr may have the URL, or a VAT rate names a product that the shop does not have.
    """
    if described is None:
        return ()
    described = {**described, "url": _checked(described["url"])}
    named = set(described.get("vat_rates", ()))
    unknown = sorted(named - products.list_by_ids(tenant.id, named).keys()) if named else []
    if unknown:
        raise CatalogError(f"tenant.crm.vat_rates: There is no product {unknown[0]}.")
    changed = crm_connections.change(tenant, described)
    if not changed:
        return ()
    before = _in_one_line({field.name: field.before for field in changed if field.before is not None})
    return (FieldChange(CRM, before or None, _in_one_line({field.name: field.after for field in changed})),)


def _checked(entered: str) -> str:
    url = stored_url(entered)
    try:
        dolibarr.check_url(url)
    except DolibarrRefused as error:
        raise CatalogError(f"tenant.crm.url: {error}") from None
    return url


def _in_one_line(values: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} {_shown(value)}" for name, value in sorted(values.items()))


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{product_id} {rate}" for product_id, rate in sorted(value.items()))
    return str(value)

"""Change a tenant's settings in the dashboard, by the rules of the catalog file."""

from collections.abc import Mapping
from typing import Any

from lumira.database import atomic, retried
from lumira.domain.shown_values import fingerprint_of
from lumira.errors import ChangedMeanwhile, ReservedDomain
from lumira.models import Tenant
from lumira.repositories import tenants
from lumira.repositories.catalog_products import FieldChange
from lumira.services.catalog.audit_catalog import audit_settings
from lumira.services.catalog.change_tenant import DOMAINS, change_domains, change_fields


@retried
def edit_settings(tenant_id: int, values: Mapping[str, Any], *, actor: str, seen: str | None = None) -> bool:
    """Change the settings in `values`, by the file's names; return whether any had another value.

    The values are validated by the caller, with the schema of the catalog file. Documents do not change: each froze the
    seller's legal lines. From now on a catalog file with other values is refused unless it is applied with `overwrite`.
    Raises `ChangedMeanwhile` if `seen`, the fingerprint of the values that the operator saw, is not that of the stored
    ones.
    """
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        stored = {name: getattr(tenant, name) for name in values}
        fields = change_fields(tenant, values)
        if fields:
            _require_seen(seen, stored)
            _note(tenant, [field.name for field in fields])
            audit_settings(tenant_id, fields, actor=actor)
        return bool(fields)


@retried
def edit_domains(
    tenant_id: int, domains: tuple[str, ...], *, own_host: str | None, actor: str, seen: str | None = None
) -> bool:
    """Give the tenant exactly these domains, in lower case; return whether that changes any.

    Raises `DomainTaken` if one belongs to another tenant, and `ReservedDomain` if one is `own_host`, the installation's
    own, which all tenants share: only a catalog file or the command line gives it to one of them. Raises
    `ChangedMeanwhile` if `seen`, the fingerprint of the domains that the operator saw, is not that of the stored ones.
    """
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        stored = {DOMAINS: tenants.list_domains(tenant_id)}
        added, removed = change_domains(tenant_id, domains)
        if own_host in added:
            raise ReservedDomain(f"{own_host} is the installation's own host.", domain=own_host)
        if added or removed:
            _require_seen(seen, stored)
            _note(tenant, [DOMAINS])
            no_fields: tuple[FieldChange, ...] = ()
            audit_settings(tenant_id, no_fields, added=added, removed=removed, actor=actor)
        return bool(added or removed)


def _require_seen(seen: str | None, stored: Mapping[str, Any]) -> None:
    if seen not in (None, fingerprint_of(stored)):
        raise ChangedMeanwhile("The settings were changed meanwhile.")


def _note(tenant: Tenant, names: list[str]) -> None:
    """Remember which settings are those of the dashboard; cached pages are stale from now on."""
    tenant.edited_fields = sorted({*tenant.edited_fields, *names})
    tenant.catalog_version += 1

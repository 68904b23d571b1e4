"""Change a tenant's settings in the dashboard, by the rules of the catalog file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lumira.database import atomic, retried
from lumira.domain.shown_values import fingerprint_of
from lumira.errors import ChangedMeanwhile
from lumira.errors.tenants import NoPublicDomain, OwnHostUnknown, RelatedDomain, ReservedDomain
from lumira.formats import are_related_hosts, is_public_host
from lumira.models import Tenant
from lumira.repositories.catalog.catalog_products import FieldChange
from lumira.repositories.tenants import tenants
from lumira.services.catalog.audit_catalog import audit_settings
from lumira.services.catalog.change_tenant import DOMAINS, change_domains, change_fields


@dataclass(frozen=True, slots=True)
class Installation:
    """What decides which domains no tenant may add by itself."""

    #: The host name of `PUBLIC_URL`, in lower case, without a port or a trailing dot; `None` if it is not set.
    host: str | None
    is_development: bool


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
    tenant_id: int,
    domains: tuple[str, ...],
    *,
    installation: Installation,
    actor: str,
    seen: str | None = None,
) -> bool:
    """Give the tenant exactly these domains, in lower case; return whether that changes any.

    Owners do not prove that a domain is theirs. So a new one is refused if another tenant or the installation is likely
    to own it; only a catalog file or the command line adds it. Raises `DomainTaken` if it belongs to another tenant,
    `RelatedDomain` if it is above or below one, `ReservedDomain` if it is so to the installation's own host,
    `OwnHostUnknown` if that is not known, and `NoPublicDomain` for IP addresses and local names. Raises
    `ChangedMeanwhile` if `seen`, the fingerprint of the domains that the operator saw, is not that of the stored ones.
    """
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        stored = {DOMAINS: tenants.list_domains(tenant_id)}
        # What the operator of the installation added stays, whatever it is.
        _require_claimable(sorted(set(domains) - set(stored[DOMAINS])), installation)
        added, removed = change_domains(tenant_id, domains)
        if added or removed:
            _require_seen(seen, stored)
            _note(tenant, [DOMAINS])
            no_fields: tuple[FieldChange, ...] = ()
            audit_settings(tenant_id, no_fields, added=added, removed=removed, actor=actor)
        return bool(added or removed)


def _require_claimable(added: list[str], installation: Installation) -> None:
    if added and installation.host is None and not installation.is_development:
        raise OwnHostUnknown("Set PUBLIC_URL: without it the installation's own host is unknown.")
    for domain in added:
        if installation.host is not None and are_related_hosts(domain, installation.host):
            raise ReservedDomain(f"{domain} is the installation's own host, or related to it.", domain=domain)
        if not is_public_host(domain) and not installation.is_development:
            raise NoPublicDomain(f"{domain} is no public domain.", domain=domain)
    related = tenants.find_related_domain(added) if added else None
    if related is not None:
        raise RelatedDomain(f"{related} is above or below a domain of another tenant.", domain=related)


def _require_seen(seen: str | None, stored: Mapping[str, Any]) -> None:
    if seen not in (None, fingerprint_of(stored)):
        raise ChangedMeanwhile("The settings were changed meanwhile.")


def _note(tenant: Tenant, names: list[str]) -> None:
    """Remember which settings are those of the dashboard; cached pages are stale from now on."""
    tenant.edited_fields = sorted({*tenant.edited_fields, *names})
    tenant.catalog_version += 1

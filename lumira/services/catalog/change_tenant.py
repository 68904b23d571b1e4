"""Give a tenant's settings new values, from a catalog file or from the dashboard, and say what changed."""

from collections.abc import Mapping
from typing import Any

from lumira.models import Tenant
from lumira.repositories.catalog.catalog_products import FieldChange, differing, write
from lumira.repositories.tenants import tenants
from lumira.services.catalog.change_crm import CRM

#: The fields that may change of an existing tenant. The slug, currency and order prefix never change.
CHANGEABLE = (
    "name",
    "time_zone",
    "statement_descriptor_suffix",
    "release_on_failure",
    "email_required",
    "terms_version",
    "terms_url",
    "payment_page",
    "withdrawal_policy",
    "withdrawal_days",
    "delivery_days",
    "refund_on_return",
    "ship_within_days",
    "on_fraud_warning",
    "alert_email",
    "support_email",
    "shop_url",
    "brand_color",
    "brand_background",
    "brand_radius",
)
#: The name of the domains among the edited fields: they are rows of their own.
DOMAINS = "domains"


def change_fields(tenant: Tenant, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Set the fields of `values`, also those with tables; return those that had another value."""
    changed = differing(tenant, {name: values[name] for name in CHANGEABLE if name in values})
    write(tenant, changed)
    for name, in_one_line in _TABLES:
        before = getattr(tenant, name)
        if name in values and before != values[name]:
            setattr(tenant, name, values[name])
            changed = (*changed, FieldChange(name, in_one_line(before), in_one_line(values[name])))
    return changed


def change_domains(
    tenant_id: int, described: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Domains added and removed; `None`, as in a file that omits them, leaves those that exist."""
    if described is None:
        return (), ()
    existing = set(tenants.list_domains(tenant_id))
    tenants.set_domains(tenant_id, list(described))
    return tuple(sorted(set(described) - existing)), tuple(sorted(existing - set(described)))


def forget_edits(
    tenant: Tenant, changed: tuple[FieldChange, ...], *, domains: bool | None, has_crm: bool
) -> list[str]:
    """Note that the settings are now as the catalog file; return the edited ones that it has changed.

    `domains` is whether the file changed them; `None` if it omits them, and those of the dashboard stay, as the
    connection to Dolibarr does unless the file has one.
    """
    edited = set(tenant.edited_fields)
    kept = ({DOMAINS} if domains is None else set()) | (set() if has_crm else {CRM})
    tenant.edited_fields = sorted(edited & kept)
    names = {field.name for field in changed} | ({DOMAINS} if domains else set())
    return [f"tenant.{name}" for name in sorted(edited & names)]


def _in_one_line(seller: dict[str, Any] | None) -> str | None:
    """The seller's legal lines under the file's names, sorted: JSONB does not keep their order."""
    if seller is None:
        return None
    texts = {name: value if isinstance(value, str) else ", ".join(value) for name, value in seller.items()}
    return "; ".join(f"{name} {texts[name]}" for name in sorted(texts))


def _zones_in_one_line(zones: list[dict[str, Any]] | None) -> str | None:
    """Each zone with its countries, and its amounts in minor units."""
    if zones is None:
        return None
    return "; ".join(
        f"{zone['name']} {_zone_amounts(zone)} ({' '.join(zone['countries'])})" for zone in zones
    )


def _zone_amounts(zone: dict[str, Any]) -> str:
    steps = [f"{step['amount']} above {step['heavier_than']} g" for step in zone.get("steps", ())]
    free = [f"free from {zone['free_from']}"] if zone.get("free_from") is not None else []
    phone = ["with phone"] if zone.get("phone") else []
    return ", ".join([str(zone["amount"]), *steps, *free, *phone])


def _accounts_in_one_line(accounting: dict[str, Any] | None) -> str | None:
    """Each setting of the accounting export, and each account by its role or rate."""
    if accounting is None:
        return None
    parts = [f"{name} {value}" for name, value in accounting.items() if not isinstance(value, dict)]
    for name, value in accounting.items():
        if isinstance(value, dict):
            parts += [f"{name}.{key} {number}" for key, number in value.items()]
    return "; ".join(sorted(parts))


#: The fields that are tables in the file, each with how a change of it is printed.
_TABLES = (
    ("seller", _in_one_line),
    ("accounting", _accounts_in_one_line),
    ("shipping_zones", _zones_in_one_line),
)

"""The audit entries of an applied catalog."""

from lumira.repositories.audit import audit
from lumira.repositories.catalog.catalog_products import FieldChange, ProductChange
from lumira.repositories.catalog.contents import ContentChange
from lumira.repositories.catalog.product_groups import GroupChange
from lumira.services.catalog.catalog import CatalogDifference

#: An audit entry outlives the erasure of a person, so of these fields it says only that they are set.
_PERSONAL = ("alert_email", "seller", "support_email")


def audit_catalog(tenant_id: int, difference: CatalogDifference, *, actor: str) -> None:
    """Record what changed: one entry for the tenant, and one for each group and product."""
    if difference.tenant_created:
        audit.record(tenant_id, actor=actor, action="tenant_created", subject="tenant", slug=difference.slug)
    if difference.tenant_fields or difference.domains_added or difference.domains_removed:
        audit_settings(
            tenant_id,
            difference.tenant_fields,
            added=difference.domains_added,
            removed=difference.domains_removed,
            actor=actor,
        )
    for group in difference.groups:
        audit_group(tenant_id, group, actor=actor)
    for product in difference.products:
        audit_product(tenant_id, product, actor=actor)


def audit_settings(
    tenant_id: int,
    fields: tuple[FieldChange, ...],
    *,
    added: tuple[str, ...] = (),
    removed: tuple[str, ...] = (),
    actor: str,
) -> None:
    """Record how the settings changed, and which domains were added and removed."""
    audit.record(
        tenant_id,
        actor=actor,
        action="tenant_changed",
        subject="tenant",
        domains_added=list(added),
        domains_removed=list(removed),
        fields=_before_and_after(fields),
    )


def audit_product(tenant_id: int, product: ProductChange, *, actor: str) -> None:
    """Record how one product changed."""
    audit.record(
        tenant_id,
        actor=actor,
        action=f"product_{product.change}",
        subject=f"product:{product.product_id}",
        fields=_before_and_after(product.fields),
    )


def audit_group(tenant_id: int, group: GroupChange, *, actor: str) -> None:
    """Record how one group of products changed."""
    audit.record(
        tenant_id,
        actor=actor,
        action="product_group_added" if group.is_new else "product_group_changed",
        subject=f"product_group:{group.group_id}",
        fields=_before_and_after(group.fields),
    )


def content_field(content: ContentChange) -> FieldChange:
    """Return the change of a content as a changed field of its product."""
    return FieldChange(f"content {content.key}", content.before, content.after)


def _before_and_after(fields: tuple[FieldChange, ...]) -> dict[str, list[str | int | None]]:
    return {
        field.name: [_without_personal(field.name, field.before), _without_personal(field.name, field.after)]
        for field in fields
    }


def _without_personal(name: str, value: str | int | None) -> str | int | None:
    return "set" if name in _PERSONAL and value is not None else value

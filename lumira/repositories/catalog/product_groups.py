"""Groups of products with options: applied from a catalog file, and read with their variants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from lumira.database import db
from lumira.domain.product_groups import in_one_line
from lumira.models import Product, ProductGroup, Tenant
from lumira.repositories.catalog.catalog_products import FieldChange, differing, write


@dataclass(frozen=True, slots=True)
class CatalogGroup:
    """One group of a catalog file; `options` as the row has them."""

    id: str
    name: str
    description: str
    options: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class GroupChange:
    """How one group changed, and its changed values."""

    group_id: str
    is_new: bool
    fields: tuple[FieldChange, ...]


def apply(tenant: Tenant, described: Sequence[CatalogGroup]) -> list[GroupChange]:
    """Make these groups of a locked tenant equal to `described`; return the changes. Others stay as they are."""
    existing = by_ids(tenant.id, [entry.id for entry in described])
    changes = []
    for entry in described:
        group = existing.get(entry.id)
        if group is None:
            changes.append(add(tenant, entry))
        elif fields := change(group, entry):
            changes.append(GroupChange(group.id, is_new=False, fields=fields))
    # Before the products that reference them.
    db.session.flush()
    return changes


def add(tenant: Tenant, entry: CatalogGroup, **columns: Any) -> GroupChange:
    """Add a group to a locked tenant."""
    options = [dict(option) for option in entry.options]
    db.session.add(
        ProductGroup(
            tenant_id=tenant.id,
            id=entry.id,
            name=entry.name,
            description=entry.description,
            options=options,
            **columns,
        )
    )
    values = {"name": entry.name, "description": entry.description, "options": in_one_line(options)}
    fields = tuple(FieldChange(name, None, value) for name, value in values.items())
    return GroupChange(entry.id, is_new=True, fields=fields)


def change(group: ProductGroup, entry: CatalogGroup) -> tuple[FieldChange, ...]:
    """Give a group these values; return those that it did not have."""
    changed = differing(group, {"name": entry.name, "description": entry.description})
    write(group, changed)
    options = [dict(option) for option in entry.options]
    if group.options != options:
        before, group.options = group.options, options
        changed += (FieldChange("options", in_one_line(before), in_one_line(options)),)
    return changed


def forget_edits(
    tenant_id: int, described: Sequence[CatalogGroup], changes: Collection[GroupChange]
) -> list[str]:
    """Note that the described groups are now as the catalog file; return the edited ones that it has changed."""
    changed = {change.group_id for change in changes}
    edited = [
        group
        for group in by_ids(tenant_id, [entry.id for entry in described]).values()
        if group.edited_at is not None
    ]
    for group in edited:
        group.edited_at = None
    return sorted(f"product_groups.{group.id}" for group in edited if group.id in changed)


def by_ids(tenant_id: int, group_ids: Collection[str]) -> dict[str, ProductGroup]:
    """Return these groups by id."""
    if not group_ids:
        return {}
    query = select(ProductGroup).where(
        ProductGroup.tenant_id == tenant_id, ProductGroup.id.in_(list(group_ids))
    )
    return {group.id: group for group in db.session.execute(query).scalars()}


def list_groups(tenant_id: int) -> list[ProductGroup]:
    """Return all groups by their names."""
    query = select(ProductGroup).where(ProductGroup.tenant_id == tenant_id)
    return list(db.session.execute(query.order_by(ProductGroup.name, ProductGroup.id)).scalars())


def list_variants(tenant_id: int, group_ids: Collection[str], *, on_sale: bool) -> list[Product]:
    """Return the products of these groups in the order of the catalog; `on_sale` leaves the others out."""
    query = select(Product).where(Product.tenant_id == tenant_id, Product.group_id.in_(list(group_ids)))
    if on_sale:
        query = query.where(Product.active)
    return list(db.session.execute(query.order_by(Product.position, Product.id)).scalars())

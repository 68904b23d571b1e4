"""Add and change a group of products in the dashboard, by the rules of the catalog file."""

from collections.abc import Sequence

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.product_groups import NAME_LENGTH, fits, name_of
from lumira.errors import ChangedMeanwhile, GroupIdTaken, InvalidRequest, OptionsInUse, ProductGroupNotFound
from lumira.models import Product, ProductGroup, Tenant
from lumira.repositories.catalog import catalog_products, product_groups, product_images, products
from lumira.repositories.catalog.catalog_products import differing, write
from lumira.repositories.catalog.product_groups import CatalogGroup, GroupChange
from lumira.repositories.tenants import tenants
from lumira.services.catalog.audit_catalog import audit_group
from lumira.services.catalog.product_edits import note_edit


@retried
def add_group(tenant_id: int, described: CatalogGroup, *, actor: str) -> None:
    """Add a group; it is on sale once it has a product. An equal one that was added here is the same group.

    The values are validated by the caller, with the schema of the catalog file. Raises `GroupIdTaken`.
    """
    with atomic(tenant_id):
        # One change of the catalog at a time, as `apply_catalog`.
        tenant = tenants.lock(tenant_id)
        existing = product_groups.by_ids(tenant_id, [described.id]).get(described.id)
        if existing is not None:
            if _is_same(existing, described):
                # The form was sent twice.
                return
            raise GroupIdTaken(f"The id {described.id} is that of another group.", group=described.id)
        change = product_groups.add(tenant, described, edited_at=utc_now())
        audit_group(tenant_id, change, actor=actor)


@retried
def edit_group(tenant_id: int, described: CatalogGroup, *, actor: str, seen: str | None = None) -> bool:
    """Change a group; return whether anything changed. Variants that have the group's name get the new one.

    Validated as for `add_group`. Raises `ProductGroupNotFound`, `OptionsInUse` if a variant on sale has an option or
    value that `described` lacks, `InvalidRequest` if the name of a variant becomes too long, and `ChangedMeanwhile` if
    `seen`, the time of the change that the operator saw, is not that of the last one.
    """
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        group = product_groups.by_ids(tenant_id, [described.id]).get(described.id)
        if group is None:
            raise ProductGroupNotFound(f"There is no group {described.id}.")
        if _is_same(group, described):
            return False
        if seen not in (None, group.updated_at.isoformat()):
            raise ChangedMeanwhile(f"The group {group.id} was changed meanwhile.")
        variants = product_groups.list_variants(tenant_id, [group.id], on_sale=False)
        _check_options(described, variants)
        for variant in variants:
            _follow(tenant, group, described, variant, actor=actor)
        fields = product_groups.change(group, described)
        group.edited_at = utc_now()
        tenant.catalog_version += 1
        audit_group(tenant_id, GroupChange(group.id, is_new=False, fields=fields), actor=actor)
        # A variant that has left the group may have shown the image of another.
        product_images.note_shown(tenant_id, products.list_in_catalog_order(tenant_id))
        return True


def _is_same(group: ProductGroup, described: CatalogGroup) -> bool:
    return (group.name, group.description, group.options) == (
        described.name,
        described.description,
        [dict(option) for option in described.options],
    )


def _check_options(described: CatalogGroup, variants: Sequence[Product]) -> None:
    for variant in variants:
        if variant.active and not fits(described.options, variant.options or {}):
            raise OptionsInUse(
                f"The product {variant.id} has options that the group would lack.", product=variant.id
            )


def _follow(
    tenant: Tenant, group: ProductGroup, described: CatalogGroup, variant: Product, *, actor: str
) -> None:
    """Give a variant the name and description that follow from the group, unless it has its own."""
    choice = variant.options or {}
    if not fits(described.options, choice):
        # It is not on sale, and leaves the group.
        note_edit(tenant, variant, catalog_products.change_variant(variant, None, None), actor=actor)
        return
    values = {}
    if variant.name == name_of(group.name, group.options, choice):
        values["name"] = name_of(described.name, described.options, choice)
        if len(values["name"]) > NAME_LENGTH:
            raise InvalidRequest(
                f"The product {variant.id} would have a name of {len(values['name'])} characters: "
                f"{NAME_LENGTH} at most."
            )
    if variant.description == group.description:
        values["description"] = described.description
    fields = differing(variant, values)
    write(variant, fields)
    note_edit(tenant, variant, fields, actor=actor)

"""Apply a catalog file: the tenant and its products become what the file describes, all or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from lumira.database import atomic, db
from lumira.errors.catalog import CatalogError, EditedInDashboard
from lumira.errors.tenants import TenantNameTaken
from lumira.models import ProductKind, Tenant
from lumira.repositories.catalog import catalog_products, contents, product_groups, product_images, products
from lumira.repositories.catalog.catalog_products import CatalogProduct, Change, FieldChange, ProductChange
from lumira.repositories.inventory import stock_counts
from lumira.repositories.orders import grants
from lumira.repositories.tenants import tenants
from lumira.services.catalog.audit_catalog import audit_catalog, content_field
from lumira.services.catalog.catalog import Catalog, CatalogDifference, CatalogTenant, MovedLevel
from lumira.services.catalog.change_crm import change_crm
from lumira.services.catalog.change_tenant import change_domains, change_fields, forget_edits
from lumira.services.catalog.renamed_products import find_renamed


class _DryRun(Exception):
    """Rolls the transaction of a dry run back, and carries its difference."""

    def __init__(self, difference: CatalogDifference) -> None:
        self.difference = difference


def apply_catalog(
    catalog: Catalog, *, actor: str, dry_run: bool = False, overwrite: bool = False
) -> CatalogDifference:
    """Make the tenant and its products equal to the file; applying it again changes nothing.

    Creates the tenant if no tenant has this slug. Raises `CatalogError` if the tenant has another currency than
    the file, and `InvalidRequest` if a domain or the order prefix belongs to another tenant. A dry run does all
    of this and rolls it back, so it raises the same errors. Raises `EditedInDashboard` if the file changes a product
    or a setting that was changed in the dashboard, unless `overwrite` is set; a dry run names them.
    """
    tenant_id = _find_tenant(catalog)
    if tenant_id is not None:
        return _apply(tenant_id, catalog, is_new=False, actor=actor, dry_run=dry_run, overwrite=overwrite)
    with atomic(None):
        # A rollback does not reset a sequence: a dry run leaves a gap in the ids, and nothing else.
        new_id = tenants.reserve_id()
    try:
        return _apply(new_id, catalog, is_new=True, actor=actor, dry_run=dry_run, overwrite=overwrite)
    except TenantNameTaken:
        # Another process may have applied the same file at the same time, and created the tenant.
        tenant_id = _find_tenant(catalog)
        if tenant_id is None:
            raise
    return _apply(tenant_id, catalog, is_new=False, actor=actor, dry_run=dry_run, overwrite=overwrite)


def find_moved_levels(catalog: Catalog, *, actor: str) -> tuple[MovedLevel, ...]:
    """Return the levels with buyers whose numbers the file would change; raises as `apply_catalog` does."""
    tenant_id = _find_tenant(catalog)
    if tenant_id is None:
        return ()
    return _apply(tenant_id, catalog, is_new=False, actor=actor, dry_run=True).moved_levels


def _find_tenant(catalog: Catalog) -> int | None:
    with atomic(None):
        return tenants.find_id(catalog.tenant.slug)


def _apply(
    tenant_id: int, catalog: Catalog, *, is_new: bool, actor: str, dry_run: bool, overwrite: bool = False
) -> CatalogDifference:
    try:
        return _apply_or_roll_back(
            tenant_id, catalog, is_new=is_new, actor=actor, dry_run=dry_run, overwrite=overwrite
        )
    except _DryRun as rolled_back:
        return rolled_back.difference


def _apply_or_roll_back(
    tenant_id: int, catalog: Catalog, *, is_new: bool, actor: str, dry_run: bool, overwrite: bool
) -> CatalogDifference:
    with atomic(tenant_id):
        tenant = _create_tenant(tenant_id, catalog.tenant) if is_new else tenants.lock(tenant_id)
        difference = _change(tenant, catalog, is_new=is_new, actor=actor)
        audit_catalog(tenant_id, difference, actor=actor)
        # Flushed before the rollback, so that a dry run also meets the database's constraints.
        db.session.flush()
        if dry_run:
            raise _DryRun(difference)
        if difference.overwritten and not overwrite:
            raise EditedInDashboard(
                f"Changed in the dashboard: {', '.join(difference.overwritten)}. Copy these changes into the file, or "
                "apply it with --overwrite; --dry-run shows the difference."
            )
        return difference


def _create_tenant(tenant_id: int, described: CatalogTenant) -> Tenant:
    return tenants.create(
        tenant_id,
        slug=described.slug,
        name=described.name,
        currency=described.currency,
        order_prefix=described.order_prefix,
    )


def _change(tenant: Tenant, catalog: Catalog, *, is_new: bool, actor: str) -> CatalogDifference:
    if tenant.currency != catalog.tenant.currency:
        raise CatalogError(
            f"tenant.currency: {tenant.slug} sells in {tenant.currency}, which cannot change; "
            f"the file has {catalog.tenant.currency}."
        )
    fields = change_fields(tenant, asdict(catalog.tenant))
    added, removed = change_domains(tenant.id, catalog.tenant.domains)
    are_domains_changed = None if catalog.tenant.domains is None else bool(added or removed)
    groups = product_groups.apply(tenant, catalog.groups)
    options = {group.id: group.options for group in catalog.groups}
    changes = catalog_products.apply(tenant, catalog.products, options)
    changes = _begin_counting(tenant.id, catalog.products, changes, actor=actor)
    changes = _change_contents(tenant.id, catalog, changes)
    # After the products, which its VAT rates name.
    fields += change_crm(tenant, catalog.tenant.crm)
    if groups or changes:
        product_images.note_shown(tenant.id, products.list_in_catalog_order(tenant.id))
    if is_new or fields or added or removed or groups or changes:
        tenant.catalog_version += 1
    return CatalogDifference(
        slug=tenant.slug,
        currency=tenant.currency,
        order_prefix=tenant.order_prefix,
        tenant_created=is_new,
        tenant_fields=fields,
        domains_added=added,
        domains_removed=removed,
        groups=tuple(groups),
        products=tuple(changes),
        version=tenant.catalog_version,
        moved_levels=_moved_levels(tenant.id, changes),
        renamed=find_renamed(tenant.id, changes),
        overwritten=(
            *forget_edits(
                tenant, fields, domains=are_domains_changed, has_crm=catalog.tenant.crm is not None
            ),
            *product_groups.forget_edits(tenant.id, catalog.groups, groups),
            *catalog_products.forget_edits(tenant.id, catalog.products, changes),
        ),
    )


def _moved_levels(tenant_id: int, changes: Sequence[ProductChange]) -> tuple[MovedLevel, ...]:
    moved = {
        change.product_id: field
        for change in changes
        for field in change.fields
        if field.name == "level_number" and field.before is not None
    }
    if not moved:
        return ()
    counts = grants.count_live(tenant_id, moved)
    return tuple(
        MovedLevel(product_id, _number(field.before), _number(field.after), counts[product_id])
        for product_id, field in moved.items()
        if product_id in counts
    )


def _number(value: str | int | None) -> int | None:
    return None if value is None else int(value)


def _begin_counting(
    tenant_id: int, described: Sequence[CatalogProduct], changes: Sequence[ProductChange], *, actor: str
) -> list[ProductChange]:
    """Count the stock of physical products from now on; new ones begin with the file's number.

    Returns the changes together with the product's first stock.
    """
    new_ids = {change.product_id for change in changes if change.change is Change.ADDED}
    first_stock = {
        product.id: product.stock if product.id in new_ids else 0
        for product in described
        if product.kind is ProductKind.PHYSICAL
    }
    counted = stock_counts.create_items(tenant_id, first_stock, actor=actor)
    return _with_fields(
        changes, ((product_id, FieldChange("stock", None, units)) for product_id, units in counted.items())
    )


def _change_contents(
    tenant_id: int, catalog: Catalog, changes: Sequence[ProductChange]
) -> list[ProductChange]:
    """Make the products' contents equal to the file; returns the changes together with those of the contents."""
    product_ids = [product.id for product in catalog.products]
    applied = contents.apply(tenant_id, product_ids, catalog.contents)
    return _with_fields(
        changes,
        ((content.product_id, content_field(content)) for content in applied),
    )


def _with_fields(
    changes: Sequence[ProductChange], fields: Iterable[tuple[str, FieldChange]]
) -> list[ProductChange]:
    """The changes, with more changed fields by product id."""
    by_product = {change.product_id: change for change in changes}
    for product_id, field in fields:
        change = by_product.setdefault(product_id, ProductChange(product_id, Change.CHANGED))
        by_product[product_id] = replace(change, fields=(*change.fields, field))
    return list(by_product.values())

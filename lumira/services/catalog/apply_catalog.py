"""Applying a catalog file: the tenant and its products become what the file says, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lumira.database import atomic, db
from lumira.errors import CatalogError, TenantNameTaken
from lumira.models import ProductKind, ReleaseOnFailure, Tenant
from lumira.repositories import audit, contents, stock_counts, tenants
from lumira.repositories import products as catalog
from lumira.repositories.contents import CatalogContent
from lumira.repositories.products import CatalogProduct, Change, FieldChange, ProductChange


@dataclass(frozen=True, slots=True)
class CatalogTenant:
    """The brand as the file has it. `domains` and `order_prefix` are `None` where the file is silent."""

    slug: str
    name: str
    currency: str
    order_prefix: str | None
    time_zone: str
    domains: tuple[str, ...] | None
    statement_descriptor_suffix: str | None
    release_on_failure: ReleaseOnFailure
    #: Who of the team is told of disputes.
    alert_email: str | None = None
    #: Its colours, and its corners in pixels.
    brand_color: str | None = None
    brand_background: str | None = None
    brand_radius: int | None = None
    #: The legal lines of its receipts.
    seller: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A whole file, checked."""

    tenant: CatalogTenant
    products: tuple[CatalogProduct, ...]
    #: What they contain, in the order of the file.
    contents: tuple[CatalogContent, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogDifference:
    """What applying the file changed, or would change."""

    slug: str
    currency: str
    order_prefix: str
    tenant_created: bool
    tenant_fields: tuple[FieldChange, ...]
    domains_added: tuple[str, ...]
    domains_removed: tuple[str, ...]
    products: tuple[ProductChange, ...]
    #: Of the catalog as it stands afterwards.
    version: int

    @property
    def is_empty(self) -> bool:
        return not (
            self.tenant_created
            or self.tenant_fields
            or self.domains_added
            or self.domains_removed
            or self.products
        )


class _Undone(Exception):
    """Rolls a dry run back, carrying what it found."""

    def __init__(self, difference: CatalogDifference) -> None:
        self.difference = difference


#: What a file may change of a tenant that exists.
_CHANGEABLE = (
    "name",
    "time_zone",
    "statement_descriptor_suffix",
    "release_on_failure",
    "alert_email",
    "brand_color",
    "brand_background",
    "brand_radius",
)
#: Of these an audit entry says that they changed, and not to what: it outlives the erasing of a person.
_PERSONAL = ("alert_email", "seller")


def apply_catalog(wanted: Catalog, *, actor: str, dry_run: bool = False) -> CatalogDifference:
    """Make the tenant and its products agree with the file; applied twice, the second changes nothing.

    Creates the tenant if there is none with this slug. `CatalogError` if the file has another currency than
    the tenant, `InvalidRequest` if it claims another tenant's domain or order prefix. A dry run does all of
    this and takes it back, so that it finds what the real one would.
    """
    tenant_id = _find(wanted)
    if tenant_id is not None:
        return _apply(tenant_id, wanted, is_new=False, actor=actor, dry_run=dry_run)
    with atomic(None):
        # Sequences are not rolled back: a dry run leaves a gap in the numbers, and nothing else.
        new_id = tenants.reserve_id()
    try:
        return _apply(new_id, wanted, is_new=True, actor=actor, dry_run=dry_run)
    except TenantNameTaken:
        # Perhaps another apply of the same file was faster: then this one finds its tenant.
        tenant_id = _find(wanted)
        if tenant_id is None:
            raise
    return _apply(tenant_id, wanted, is_new=False, actor=actor, dry_run=dry_run)


def _find(wanted: Catalog) -> int | None:
    with atomic(None):
        return tenants.find_id(wanted.tenant.slug)


def _apply(tenant_id: int, wanted: Catalog, *, is_new: bool, actor: str, dry_run: bool) -> CatalogDifference:
    try:
        return _apply_or_undo(tenant_id, wanted, is_new=is_new, actor=actor, dry_run=dry_run)
    except _Undone as undone:
        return undone.difference


def _apply_or_undo(
    tenant_id: int, wanted: Catalog, *, is_new: bool, actor: str, dry_run: bool
) -> CatalogDifference:
    with atomic(tenant_id):
        tenant = _create(tenant_id, wanted.tenant) if is_new else tenants.lock(tenant_id)
        difference = _agree(tenant, wanted, is_new=is_new, actor=actor)
        _audit(tenant_id, difference, actor=actor)
        # Written before it is taken back, so that a dry run meets every refusal of the database too.
        db.session.flush()
        if dry_run:
            raise _Undone(difference)
        return difference


def _create(tenant_id: int, wanted: CatalogTenant) -> Tenant:
    return tenants.create(
        tenant_id,
        slug=wanted.slug,
        name=wanted.name,
        currency=wanted.currency,
        order_prefix=wanted.order_prefix,
    )


def _agree(tenant: Tenant, wanted: Catalog, *, is_new: bool, actor: str) -> CatalogDifference:
    if tenant.currency != wanted.tenant.currency:
        raise CatalogError(
            f"tenant.currency: {tenant.slug} sells in {tenant.currency}, which never changes; "
            f"the file says {wanted.tenant.currency}."
        )
    fields = _change_fields(tenant, wanted.tenant)
    added, removed = _change_domains(tenant.id, wanted.tenant.domains)
    changes = catalog.apply(tenant, wanted.products)
    counted = _begin_counting(tenant.id, wanted.products, changes, actor=actor)
    products = _fill(tenant.id, wanted, counted)
    if is_new or fields or added or removed or products:
        tenant.catalog_version += 1
    return CatalogDifference(
        slug=tenant.slug,
        currency=tenant.currency,
        order_prefix=tenant.order_prefix,
        tenant_created=is_new,
        tenant_fields=fields,
        domains_added=added,
        domains_removed=removed,
        products=products,
        version=tenant.catalog_version,
    )


def _begin_counting(
    tenant_id: int, wanted: Sequence[CatalogProduct], changes: Sequence[ProductChange], *, actor: str
) -> tuple[ProductChange, ...]:
    """The changes, and with them that goods are counted from now on: new ones from what the file says."""
    added = {change.product_id for change in changes if change.change is Change.ADDED}
    first = {
        product.id: product.stock if product.id in added else 0
        for product in wanted
        if product.kind is ProductKind.PHYSICAL
    }
    begun = stock_counts.begin(tenant_id, first, actor=actor)
    told = {change.product_id: change for change in changes}
    for product_id, pieces in begun.items():
        change = told.setdefault(product_id, ProductChange(product_id, Change.CHANGED))
        told[product_id] = replace(change, fields=(*change.fields, FieldChange("stock", None, pieces)))
    return tuple(told.values())


def _fill(tenant_id: int, wanted: Catalog, changes: Sequence[ProductChange]) -> tuple[ProductChange, ...]:
    """The changes, and with them what became of the contents."""
    told = {change.product_id: change for change in changes}
    for content in contents.apply(tenant_id, [each.id for each in wanted.products], wanted.contents):
        change = told.setdefault(content.product_id, ProductChange(content.product_id, Change.CHANGED))
        field = FieldChange(f"content {content.key}", content.before, content.after)
        told[content.product_id] = replace(change, fields=(*change.fields, field))
    return tuple(told.values())


def _change_fields(tenant: Tenant, wanted: CatalogTenant) -> tuple[FieldChange, ...]:
    changed = tuple(
        FieldChange(name, getattr(tenant, name), getattr(wanted, name))
        for name in _CHANGEABLE
        if getattr(tenant, name) != getattr(wanted, name)
    )
    for field in changed:
        setattr(tenant, field.name, field.after)
    if tenant.seller == wanted.seller:
        return changed
    before, tenant.seller = tenant.seller, wanted.seller
    return (*changed, FieldChange("seller", _in_words(before), _in_words(wanted.seller)))


def _in_words(seller: dict[str, Any] | None) -> str | None:
    """The legal lines in one, each as the file names it; in their own order, not in that of the database."""
    if seller is None:
        return None
    told = {name: value if isinstance(value, str) else ", ".join(value) for name, value in seller.items()}
    return "; ".join(f"{name} {told[name]}" for name in sorted(told))


def _change_domains(
    tenant_id: int, wanted: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Domains added and removed; a file that is silent about them leaves those of the command line."""
    if wanted is None:
        return (), ()
    known = set(tenants.list_domains(tenant_id))
    tenants.set_domains(tenant_id, list(wanted))
    return tuple(sorted(set(wanted) - known)), tuple(sorted(known - set(wanted)))


def _audit(tenant_id: int, difference: CatalogDifference, *, actor: str) -> None:
    if difference.tenant_created:
        audit.record(tenant_id, actor=actor, action="tenant_created", subject="tenant", slug=difference.slug)
    if difference.tenant_fields or difference.domains_added or difference.domains_removed:
        audit.record(
            tenant_id,
            actor=actor,
            action="tenant_changed",
            subject="tenant",
            domains_added=list(difference.domains_added),
            domains_removed=list(difference.domains_removed),
            fields=_audited(difference.tenant_fields),
        )
    for product in difference.products:
        audit.record(
            tenant_id,
            actor=actor,
            action=f"product_{product.change}",
            subject=f"product:{product.product_id}",
            fields=_audited(product.fields),
        )


def _audited(fields: tuple[FieldChange, ...]) -> dict[str, list[str | int | None]]:
    return {field.name: [_told(field.name, field.before), _told(field.name, field.after)] for field in fields}


def _told(name: str, value: str | int | None) -> str | int | None:
    return "set" if name in _PERSONAL and value is not None else value

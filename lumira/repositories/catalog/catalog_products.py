"""Products as a catalog file describes them: applied to a tenant's rows, and added to them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from lumira.database import db
from lumira.domain.product_groups import Options, choice_in_one_line, fits
from lumira.domain.product_terms import terms_of
from lumira.models import PartialRefundPolicy, Product, ProductKind, Tenant


@dataclass(frozen=True, slots=True)
class CatalogProduct:
    """One product of a catalog file; `amount` in minor units of the tenant's currency."""

    id: str
    kind: ProductKind
    name: str
    description: str
    amount: int
    level_number: int | None
    on_partial_refund: PartialRefundPolicy
    #: Units on hand when the product is new; ignored for a product whose stock is counted already.
    stock: int = 0
    restock_on_refund: bool = True
    delayed_methods: bool = True
    #: Days of access from fulfillment; `None` for access without an end.
    access_days: int | None = None
    includes_lower_levels: bool = False
    #: What is made for each buyer: `key` and `title` of each deliverable, in order.
    deliverables: tuple[Mapping[str, str], ...] = ()
    #: Grams of one unit as it is sent.
    weight: int | None = None
    #: The group of which it is a variant, and its value of each option; `None` for both if it is sold by itself.
    group_id: str | None = None
    options: Mapping[str, str] | None = None


#: The fields that are compared with the row, in the order in which changes are shown.
COMPARED = tuple(
    field.name
    for field in fields(CatalogProduct)
    if field.name not in ("id", "stock", "deliverables", "group_id", "options")
)


class Change(StrEnum):
    """How a catalog file changed a product."""

    ADDED = "added"
    CHANGED = "changed"
    #: No longer on sale; its row stays, because orders reference it.
    REMOVED = "removed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after the change; `before` is `None` if there was none."""

    name: str
    before: str | int | None
    after: str | int | None


def differing(row: object, values: Mapping[str, Any]) -> tuple[FieldChange, ...]:
    """Return the values that a row does not have yet."""
    return tuple(
        FieldChange(name, getattr(row, name), value)
        for name, value in values.items()
        if getattr(row, name) != value
    )


def write(row: object, changes: Iterable[FieldChange]) -> None:
    """Give a row its new values."""
    for change in changes:
        setattr(row, change.name, change.after)


@dataclass(frozen=True, slots=True)
class ProductChange:
    """How one product changed, and its changed values."""

    product_id: str
    change: Change
    fields: tuple[FieldChange, ...] = ()


def apply(
    tenant: Tenant, described: Sequence[CatalogProduct], options: Mapping[str, Options] | None = None
) -> list[ProductChange]:
    """Make a locked tenant's products equal to `described`; returns the changes.

    `options` are those of the groups that the file describes, by group id. Orders do not change: their lines froze the
    product's values when they were opened.
    """
    query = select(Product).where(Product.tenant_id == tenant.id).order_by(Product.position, Product.id)
    existing = {product.id: product for product in db.session.execute(query).scalars()}
    changes: list[ProductChange] = []
    for position, entry in enumerate(described):
        product = existing.pop(entry.id, None)
        if product is None:
            changes.append(add(tenant, entry, position))
        elif (change := _update(product, entry, position)) is not None:
            changes.append(change)
    numbers = {entry.level_number for entry in described if entry.level_number is not None}
    combinations = [(entry.group_id, entry.options) for entry in described if entry.options is not None]
    for product in existing.values():
        was_active, product.active = product.active, False
        if product.file_values is not None:
            product.file_values = {**product.file_values, "active": False}
        lost: tuple[FieldChange, ...] = ()
        if product.level_number in numbers:
            # A level that is no longer on sale loses its number to the level that now has it.
            lost = (FieldChange("level_number", product.level_number, None),)
            product.kind, product.level_number = ProductKind.DIGITAL, None
            product.includes_lower_levels = False
        of_group = (options or {}).get(product.group_id or "")
        if of_group and (
            (product.group_id, product.options) in combinations or not fits(of_group, product.options or {})
        ):
            # A variant that is no longer on sale loses its combination to the one that now has it.
            lost += change_variant(product, None, None)
        if was_active or lost:
            changes.append(ProductChange(product.id, Change.REMOVED if was_active else Change.CHANGED, lost))
    db.session.flush()
    return changes


def forget_edits(
    tenant_id: int, described: Collection[CatalogProduct], changes: Collection[ProductChange]
) -> list[str]:
    """Note that the described products are now as the catalog file; return the ids of edited ones that it has changed.

    An edited product that the file lacks stays edited: its values are not the file's.
    The position in the file is no value that an operator edits.
    """
    in_file = {entry.id for entry in described}
    query = select(Product).where(Product.tenant_id == tenant_id, Product.edited_at.is_not(None))
    edited = list(db.session.execute(query.order_by(Product.id)).scalars())
    for product in edited:
        if product.id in in_file:
            product.edited_at = None
    changed = {
        change.product_id
        for change in changes
        if change.change is not Change.CHANGED or any(field.name != "position" for field in change.fields)
    }
    return [product.id for product in edited if product.id in changed]


def add(
    tenant: Tenant,
    entry: CatalogProduct,
    position: int,
    *,
    active: bool = True,
    edited_at: datetime | None = None,
) -> ProductChange:
    """Add a product to a locked tenant; `edited_at` is set if it was added in the dashboard."""
    values = {name: getattr(entry, name) for name in COMPARED}
    db.session.add(
        Product(
            tenant_id=tenant.id,
            id=entry.id,
            currency=tenant.currency,
            position=position,
            active=active,
            edited_at=edited_at,
            file_values=terms_of(entry, active=True) if edited_at is None else None,
            deliverables=[dict(deliverable) for deliverable in entry.deliverables],
            group_id=entry.group_id,
            options=None if entry.options is None else dict(entry.options),
            **values,
        )
    )
    values |= {"deliverables": _in_one_line(entry.deliverables)} if entry.deliverables else {}
    if entry.group_id is not None:
        values |= {"group_id": entry.group_id, "options": choice_in_one_line(entry.options)}
    return ProductChange(
        entry.id, Change.ADDED, tuple(FieldChange(name, None, value) for name, value in values.items())
    )


def _in_one_line(deliverables: Sequence[Mapping[str, str]]) -> str | None:
    return ", ".join(f"{one['key']} ({one['title']})" for one in deliverables) or None


def _update(product: Product, entry: CatalogProduct, position: int) -> ProductChange | None:
    values = {name: getattr(entry, name) for name in COMPARED} | {"position": position}
    changed = differing(product, values)
    write(product, changed)
    changed += change_deliverables(product, entry.deliverables)
    changed += change_variant(product, entry.group_id, entry.options)
    product.file_values = terms_of(entry, active=True)
    was_active = product.active
    if was_active and not changed:
        return None
    product.active = True
    return ProductChange(product.id, Change.CHANGED if was_active else Change.RESTORED, changed)


def change_variant(
    product: Product, group_id: str | None, options: Mapping[str, str] | None
) -> tuple[FieldChange, ...]:
    """Change of which group a product is a variant, and its options."""
    changed = differing(product, {"group_id": group_id})
    write(product, changed)
    described = None if options is None else dict(options)
    if product.options != described:
        before, product.options = product.options, described
        changed += (FieldChange("options", choice_in_one_line(before), choice_in_one_line(described)),)
    return changed


def change_deliverables(
    product: Product, deliverables: Sequence[Mapping[str, str]]
) -> tuple[FieldChange, ...]:
    """Change what is made for buyers of later orders; earlier orders froze their own deliverables."""
    described = [dict(deliverable) for deliverable in deliverables]
    if product.deliverables == described:
        return ()
    before, product.deliverables = product.deliverables, described
    return (FieldChange("deliverables", _in_one_line(before), _in_one_line(described)),)

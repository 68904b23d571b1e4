"""What a tenant sells: read by buyers' pages, and made to agree with its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

from sqlalchemy import select

from lumira.database import db
from lumira.errors import ProductNotFound
from lumira.models import PartialRefundPolicy, Product, ProductKind, Tenant


@dataclass(frozen=True, slots=True)
class CatalogProduct:
    """One product as the file has it; the amount in minor units of the tenant's currency."""

    id: str
    kind: ProductKind
    name: str
    description: str
    amount: int
    level_number: int | None
    on_partial_refund: PartialRefundPolicy
    #: Pieces on hand when the product is new; of what is counted already the file knows nothing.
    stock: int = 0
    restock_on_refund: bool = True
    #: For how many days it stays open once it is served; `None` for good.
    access_days: int | None = None
    includes_lower_levels: bool = False
    #: What is made for each buyer of it: `key` and `title` of each, in order.
    deliverables: tuple[Mapping[str, str], ...] = ()


#: What is compared with the row, in the order in which it is told; the id is what finds the row.
_COMPARED = tuple(
    field.name for field in fields(CatalogProduct) if field.name not in ("id", "stock", "deliverables")
)


class Change(StrEnum):
    """What became of a product."""

    ADDED = "added"
    CHANGED = "changed"
    #: No longer on sale; its row stays, because orders point at it.
    REMOVED = "removed"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value before and after; `before` is `None` where there was nothing."""

    name: str
    before: str | int | None
    after: str | int | None


@dataclass(frozen=True, slots=True)
class ProductChange:
    """What became of one product, and which of its values are others now."""

    product_id: str
    change: Change
    fields: tuple[FieldChange, ...] = ()


def list_products(tenant_id: int) -> list[Product]:
    """The products on sale, levels too, as the file orders them."""
    return list(
        db.session.execute(
            select(Product)
            .where(Product.tenant_id == tenant_id, Product.active)
            .order_by(Product.position, Product.id)
        ).scalars()
    )


def get_product(tenant_id: int, product_id: str) -> Product:
    """One product; `ProductNotFound` if this tenant has none such or no longer sells it."""
    product = db.session.get(Product, (tenant_id, product_id))
    if product is None or not product.active:
        raise ProductNotFound("There is no such product.")
    return product


def apply(tenant: Tenant, wanted: Sequence[CatalogProduct]) -> list[ProductChange]:
    """Make a locked tenant's products agree with `wanted`, and tell what that changed.

    Orders are not touched: their lines keep what was agreed when they were opened.
    """
    query = select(Product).where(Product.tenant_id == tenant.id).order_by(Product.position, Product.id)
    known = {product.id: product for product in db.session.execute(query).scalars()}
    changes: list[ProductChange] = []
    for position, entry in enumerate(wanted):
        product = known.pop(entry.id, None)
        if product is None:
            changes.append(_add(tenant, entry, position))
        elif (change := _update(product, entry, position)) is not None:
            changes.append(change)
    numbers = {entry.level_number for entry in wanted if entry.level_number is not None}
    for product in known.values():
        if product.active:
            product.active = False
            changes.append(ProductChange(product.id, Change.REMOVED))
        if product.level_number in numbers:
            # A level that is off sale gives its number up as soon as another one takes it.
            product.kind, product.level_number = ProductKind.DIGITAL, None
            product.includes_lower_levels = False
    db.session.flush()
    return changes


def _add(tenant: Tenant, entry: CatalogProduct, position: int) -> ProductChange:
    values = {name: getattr(entry, name) for name in _COMPARED}
    db.session.add(
        Product(
            tenant_id=tenant.id,
            id=entry.id,
            currency=tenant.currency,
            position=position,
            active=True,
            deliverables=[dict(each) for each in entry.deliverables],
            **values,
        )
    )
    values |= {"deliverables": _in_words(entry.deliverables)} if entry.deliverables else {}
    return ProductChange(
        entry.id, Change.ADDED, tuple(FieldChange(name, None, value) for name, value in values.items())
    )


def _in_words(promised: Sequence[Mapping[str, str]]) -> str | None:
    return ", ".join(f"{each['key']} ({each['title']})" for each in promised) or None


def _update(product: Product, entry: CatalogProduct, position: int) -> ProductChange | None:
    wanted = {name: getattr(entry, name) for name in _COMPARED} | {"position": position}
    changed = tuple(
        FieldChange(name, getattr(product, name), value)
        for name, value in wanted.items()
        if getattr(product, name) != value
    )
    for field in changed:
        setattr(product, field.name, field.after)
    changed += _change_promises(product, entry)
    was_active = product.active
    if was_active and not changed:
        return None
    product.active = True
    return ProductChange(product.id, Change.CHANGED if was_active else Change.RESTORED, changed)


def _change_promises(product: Product, entry: CatalogProduct) -> tuple[FieldChange, ...]:
    """What is made for buyers from now on; those of earlier orders get what they were promised."""
    wanted = [dict(each) for each in entry.deliverables]
    if product.deliverables == wanted:
        return ()
    before, product.deliverables = product.deliverables, wanted
    return (FieldChange("deliverables", _in_words(before), _in_words(wanted)),)

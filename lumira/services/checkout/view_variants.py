"""The variants among which the page of a product lets a buyer choose, and those of a shop as one entry. No writes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lumira.domain.product_groups import nearest
from lumira.models import Product, ProductGroup
from lumira.repositories.catalog import product_groups


@dataclass(frozen=True, slots=True)
class OptionValue:
    """One value of an option, and the variant to which choosing it leads."""

    name: str
    product: Product
    is_current: bool
    #: Units of the variant that can be bought now; `None` if it has no stock.
    in_stock: int | None
    #: Its other values that are not the current ones, because no variant has those with this value.
    others: tuple[str, ...]

    @property
    def is_sold_out(self) -> bool:
        return self.in_stock is not None and self.in_stock <= 0


@dataclass(frozen=True, slots=True)
class OptionChoice:
    """One option of a group, with the values that a variant on sale has."""

    name: str
    values: tuple[OptionValue, ...]


def find_choices(tenant_id: int, product: Product, available: Mapping[str, int]) -> tuple[OptionChoice, ...]:
    """Return the options of the product's group, in its order; none for a product that is sold by itself.

    `available` are the units that can be bought, by product id. Inside the caller's transaction.
    """
    if product.group_id is None:
        return ()
    group = product_groups.by_ids(tenant_id, [product.group_id])[product.group_id]
    variants = product_groups.list_variants(tenant_id, [product.group_id], on_sale=True)
    return tuple(
        OptionChoice(
            option["name"],
            tuple(
                value
                for name in option["values"]
                if (value := _value(product, option["name"], name, variants, available)) is not None
            ),
        )
        for option in group.options
    )


def _value(
    product: Product, option: str, name: str, variants: Sequence[Product], available: Mapping[str, int]
) -> OptionValue | None:
    current = product.options or {}
    target = nearest(
        current | {option: name}, (one for one in variants if (one.options or {}).get(option) == name)
    )
    if target is None:
        return None
    others = {key: value for key, value in (target.options or {}).items() if key != option}
    return OptionValue(
        name,
        target,
        is_current=current.get(option) == name,
        in_stock=available.get(target.id, 0) if target.keeps_stock else None,
        others=tuple(value for key, value in others.items() if current.get(key) != value),
    )


def groups_of(tenant_id: int, products: Collection[Product]) -> dict[str, ProductGroup]:
    """Return the groups of these products by id; a shop without variants costs no statement."""
    return product_groups.by_ids(tenant_id, {product.group_id for product in products if product.group_id})
